# src/api/openapi.json travels inside the program: written into a source file while configuring, and
# again whenever it changes.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/api/openapi.json)
file(READ ${CMAKE_SOURCE_DIR}/src/api/openapi.json vedette_contract)
configure_file(${CMAKE_SOURCE_DIR}/src/api/contract.cpp.in ${CMAKE_BINARY_DIR}/api/contract.cpp @ONLY)
target_sources(vedette_api PRIVATE ${CMAKE_BINARY_DIR}/api/contract.cpp)
