# One interface library carries the flags of all our own code.
add_library(vedette_options INTERFACE)
target_compile_options(vedette_options INTERFACE $<$<COMPILE_LANGUAGE:CXX>:
  -Wall;-Wextra;-Wpedantic;-Wconversion;-Wshadow;-Wnon-virtual-dtor;-Wold-style-cast;$<$<BOOL:${VEDETTE_WERROR}>:-Werror>>)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_BUILD_TYPE STREQUAL "Release")
  # Raised after inlining at -O3, for code of the standard library itself: false in GCC 12 (its bugs
  # 105329, 105651, 107852). At -O1, with the address sanitizer beside them, they stay on.
  target_compile_options(vedette_options INTERFACE
    -Wno-array-bounds -Wno-stringop-overflow -Wno-restrict)
endif()
target_include_directories(vedette_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(vedette_options INTERFACE VEDETTE_VERSION="${PROJECT_VERSION}")

if(VEDETTE_SANITIZE)
  string(REPLACE "," ";" sanitizers "${VEDETTE_SANITIZE}")
  foreach(sanitizer IN LISTS sanitizers)
    add_compile_options(-fsanitize=${sanitizer})
    add_link_options(-fsanitize=${sanitizer})
  endforeach()
  add_compile_options(-fno-omit-frame-pointer -fno-sanitize-recover=all)
  if(VEDETTE_SANITIZE MATCHES "address.*undefined")
    # What the address sanitizer stops anyway; checked twice it takes a fifth of the time a file takes.
    add_compile_options(-fno-sanitize=null,object-size,vptr)
  endif()
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Debug")
  # Sanitized code at -O0 is ten times slower; -O1 keeps the tests quick and the frames readable.
  add_compile_options(-O1)
endif()
if(VEDETTE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Standard and fmt headers are a third of the time a file takes: parsed once per build.
set(vedette_common_headers <algorithm> <chrono> <functional> <map> <memory> <span>
    <string> <string_view> <variant> <vector> <fmt/format.h>)

# vedette_precompile(TARGET OWNER HEADERS...): the headers are compiled with OWNER, the others reuse.
function(vedette_precompile target owner)
  if(target STREQUAL owner)
    target_precompile_headers(${target} PRIVATE ${ARGN})
  else()
    target_precompile_headers(${target} REUSE_FROM ${owner})
  endif()
endfunction()
