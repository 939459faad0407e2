# vedette_test(NAME SOURCES...): a GoogleTest program, one CTest entry per program.
function(vedette_test name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE vedette_options GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE
    VEDETTE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" VEDETTE_BINARY_DIR="${CMAKE_BINARY_DIR}")
  add_test(NAME ${name} COMMAND ${name} --gtest_color=no)
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()
