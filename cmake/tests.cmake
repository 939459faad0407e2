# Test programs compiled as one file: what their files share (JSON, matchers) is compiled once, api_test
# in 21 s of processor instead of 70. The files of such a program share one unnamed namespace.
set(vedette_unity_tests api_test app_test base_test fleet_test net_test pipeline_test record_test
    source_test store_test train_test)

# vedette_test(NAME SOURCES...): a GoogleTest program, one CTest entry per program.
set(vedette_test_definitions
    VEDETTE_SOURCE_DIR="${CMAKE_SOURCE_DIR}" VEDETTE_BINARY_DIR="${CMAKE_BINARY_DIR}")

function(vedette_test name)
  add_executable(${name} ${ARGN})
  # The code under test has every sanitizer; the tests themselves do without those that cost most to
  # compile.
  target_compile_options(${name} PRIVATE -O0 -fno-sanitize=undefined)
  if(NOT TARGET vedette_test_headers)
    file(WRITE ${CMAKE_BINARY_DIR}/test_headers.cpp "")
    add_library(vedette_test_headers OBJECT ${CMAKE_BINARY_DIR}/test_headers.cpp)
    target_compile_options(vedette_test_headers PRIVATE -O0 -fno-sanitize=undefined)
    target_link_libraries(vedette_test_headers PRIVATE vedette_base GTest::gtest GTest::gmock)
    target_compile_definitions(vedette_test_headers PRIVATE ${vedette_test_definitions})
    target_precompile_headers(vedette_test_headers PRIVATE ${vedette_common_headers}
                              <gtest/gtest.h> <gmock/gmock.h>)
  endif()
  target_precompile_headers(${name} REUSE_FROM vedette_test_headers)
  if(VEDETTE_UNITY AND name IN_LIST vedette_unity_tests)
    set_target_properties(${name} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 10)
  endif()
  target_link_libraries(${name} PRIVATE vedette_options GTest::gtest GTest::gmock GTest::gtest_main)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  target_compile_definitions(${name} PRIVATE ${vedette_test_definitions})
  add_test(NAME ${name} COMMAND ${name} --gtest_color=no)
  set_tests_properties(${name} PROPERTIES TIMEOUT 600)
endfunction()
