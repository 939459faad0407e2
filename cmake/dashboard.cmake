# The dashboard is built by npm once for all presets and embedded in the program (scripts/embed.py).
option(VEDETTE_DASHBOARD "Build the dashboard into the program" ON)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(VEDETTE_NPM npm)

set(dashboard_source ${CMAKE_SOURCE_DIR}/dashboard)
set(dashboard_dist ${CMAKE_SOURCE_DIR}/build/dashboard)
file(GLOB_RECURSE dashboard_files CONFIGURE_DEPENDS ${dashboard_source}/src/*
     ${dashboard_source}/public/*)
list(APPEND dashboard_files ${dashboard_source}/index.html ${dashboard_source}/vite.config.ts
     ${dashboard_source}/package.json)

if(VEDETTE_DASHBOARD AND NOT VEDETTE_FUZZ)
  if(NOT VEDETTE_NPM)
    message(FATAL_ERROR "npm is needed to build the dashboard: run ./dev setup")
  endif()
  add_custom_command(
    OUTPUT ${dashboard_source}/node_modules/.package-lock.json
    COMMAND ${VEDETTE_NPM} ci --no-audit --no-fund --loglevel=error
    DEPENDS ${dashboard_source}/package-lock.json
    WORKING_DIRECTORY ${dashboard_source}
    COMMENT "Fetching the dashboard's libraries" VERBATIM)
  add_custom_command(
    OUTPUT ${dashboard_dist}/index.html
    COMMAND ${VEDETTE_NPM} run --silent build -- --outDir ${dashboard_dist} --emptyOutDir
    DEPENDS ${dashboard_files} ${dashboard_source}/node_modules/.package-lock.json
    WORKING_DIRECTORY ${dashboard_source}
    COMMENT "Building the dashboard" VERBATIM)
  set(dashboard_ready ${dashboard_dist}/index.html)
else()
  set(dashboard_dist ${CMAKE_BINARY_DIR}/no-dashboard)
  file(MAKE_DIRECTORY ${dashboard_dist})
endif()

set(dashboard_embedded ${CMAKE_BINARY_DIR}/assets.S ${CMAKE_BINARY_DIR}/assets.cpp)
add_custom_command(
  OUTPUT ${dashboard_embedded}
  COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/scripts/embed.py ${dashboard_dist}
          ${dashboard_embedded}
  DEPENDS ${dashboard_ready} ${CMAKE_SOURCE_DIR}/scripts/embed.py
  COMMENT "Embedding the dashboard" VERBATIM)
add_custom_target(dashboard_ready DEPENDS ${dashboard_ready})
