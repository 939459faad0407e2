# The dashboard is built by npm into dashboard/dist and embedded as one object file (scripts/embed.py),
# so that the program is self-contained. Without dashboard/ (library work) an empty table is embedded.
option(VEDETTE_DASHBOARD "Build the dashboard into the program" ON)
set(vedette_dashboard_dist ${CMAKE_BINARY_DIR}/dashboard)
