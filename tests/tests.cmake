# Every file finds its own place:
#
#   tests/F/test_X.c     a program and a test F/X, label F (tests/full: the full-size goldens)
#   tests/F/X.sh         a test F/X, run by bash; names that begin with _ are read by other scripts
#   tests/fuzz/fuzz_X.c  a fuzz target; its corpus tests/fuzz/corpus/X is a test fuzz/X too
#   tests/field/run      files and prompts that go wrong for people: what is right of each, as tables
#   tests/golden/main.c  the golden runner
#   tests/cli/tiny_models.c  writes small models for scripts
#   tests/data/golden.tar.xz, tests/small_shared.c  what tests need of the shared folder where there is none:
#                        small golden files, and drawn pictures; they lie in small/ of the build folder
#   tests/field/decode.c  prints what the library makes of image files, for tests/field/hunt.py
#   docs/examples/X.c    a test examples/X, run without arguments unless tests/examples/X.sh runs it
#   tests/.../*.c        anything else helps the tests
#
# Tests that run the library on several threads have the label threaded too; ThreadSanitizer looks at those.
# Tests run in the root of the sources. VOXPERT_SHARED reaches them as it is.

pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)

# What takes several seconds, longest first: label slow, begun before all others, left out by make test-fast.
set(SLOW field/first_use field/prompts field/images anomaly/memory cli/hostile_sweep api/experts cli/interrupt
    train/run cli/train train/experts_run field/volumes cli/outputs cli/evaluate_model field/models
    train/published_run field/sets train/prompt_classes kernels/kernels cli/experts_route train/prune
    cli/check)
set(SECONDS_FAST 120)
set(SECONDS_SLOW 600) # on a busy machine, and under sanitizers
set(SECONDS_FULL 1500)
if(VOXPERT_SANITIZE)
    set(SECONDS_FAST 300)
endif()

set(THREADED "^api/|/threads$")
function(describe_test name)
    string(REGEX REPLACE "/.*" "" label ${name})
    set(seconds ${SECONDS_FAST})
    set(cost 0)
    if(label STREQUAL full)
        set(seconds ${SECONDS_FULL})
    elseif(name IN_LIST SLOW)
        set(seconds ${SECONDS_SLOW})
        list(FIND SLOW ${name} place)
        math(EXPR cost "1000 - ${place}")
        list(APPEND label slow)
    endif()
    if(name MATCHES ${THREADED} AND NOT name MATCHES "^api/(null|unstable)$") # these use no threads
        list(APPEND label threaded)
    endif()
    set_tests_properties(${name} PROPERTIES LABELS "${label}" TIMEOUT ${seconds} COST ${cost}
        SKIP_RETURN_CODE 77)
endfunction()

file(GLOB_RECURSE TEST_FILES CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/tests tests/*.c)
set(TEST_PROGRAMS ${TEST_FILES})
list(FILTER TEST_PROGRAMS INCLUDE REGEX "(^|/)test_[^/]*$")
set(TEST_HELPERS ${TEST_FILES})
list(FILTER TEST_HELPERS EXCLUDE REGEX
    "(^|/)test_[^/]*$|^fuzz/|^golden/main\\.c$|^(cli/tiny_models|small_shared)\\.c$|^field/decode\\.c$")
list(TRANSFORM TEST_HELPERS PREPEND tests/)

add_library(test_helpers STATIC ${TEST_HELPERS})
target_link_libraries(test_helpers PUBLIC voxpert_flags voxpert_static PkgConfig::CMOCKA
    PkgConfig::DEPENDENCIES)
target_include_directories(test_helpers SYSTEM PUBLIC ${NIFTI_INCLUDE}) # the second reader

add_custom_target(threaded_tests) # the programs of tests with that label

foreach(file ${TEST_PROGRAMS})
    string(REGEX REPLACE "(^|/)test_([^/]*)\\.c$" "\\1\\2" name ${file})
    string(REGEX REPLACE "\\.c$" "" target ${file})
    string(REPLACE "/" "_" target ${target})
    add_executable(${target} tests/${file})
    target_link_libraries(${target} PRIVATE test_helpers)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests)
    add_test(NAME ${name} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    describe_test(${name})
    if(name MATCHES ${THREADED})
        add_dependencies(threaded_tests ${target})
    endif()
endforeach()

if(EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/tests/golden/main.c)
    add_executable(golden tests/golden/main.c)
    target_link_libraries(golden PRIVATE test_helpers)
endif()

add_executable(tiny_models tests/cli/tiny_models.c)
target_link_libraries(tiny_models PRIVATE test_helpers)

# ---- What stands for the shared folder where there is none ----------------------------------------

set(SMALL_SHARED ${CMAKE_CURRENT_BINARY_DIR}/small)
set(SMALL_GOLDEN ${CMAKE_CURRENT_SOURCE_DIR}/tests/data/golden.tar.xz)
add_executable(small_shared tests/small_shared.c)
target_link_libraries(small_shared PRIVATE test_helpers)
add_custom_command(OUTPUT ${SMALL_SHARED}.made DEPENDS ${SMALL_GOLDEN} small_shared
    ${CMAKE_CURRENT_SOURCE_DIR}/tests/field/cases.tar.gz VERBATIM
    COMMENT "Making the small folder of golden files and pictures"
    COMMAND ${CMAKE_COMMAND} -E rm -rf ${SMALL_SHARED}
    COMMAND ${CMAKE_COMMAND} -E make_directory ${SMALL_SHARED}/field/cases
    COMMAND ${CMAKE_COMMAND} -E chdir ${SMALL_SHARED} ${CMAKE_COMMAND} -E tar xf ${SMALL_GOLDEN}
    COMMAND ${CMAKE_COMMAND} -E chdir ${SMALL_SHARED}/field/cases ${CMAKE_COMMAND} -E tar xf
        ${CMAKE_CURRENT_SOURCE_DIR}/tests/field/cases.tar.gz
    COMMAND small_shared ${SMALL_SHARED}
    COMMAND ${CMAKE_COMMAND} -E touch ${SMALL_SHARED}.made)
add_custom_target(small_folder ALL DEPENDS ${SMALL_SHARED}.made)
add_dependencies(threaded_tests small_folder)
set_source_files_properties(tests/check.c PROPERTIES
    COMPILE_DEFINITIONS "SMALL_SHARED=\"${SMALL_SHARED}\"")

add_executable(field_decode tests/field/decode.c)
target_link_libraries(field_decode PRIVATE test_helpers)

# ---- Public headers, from C and from C++ ------------------------------------------------------

file(GLOB PUBLIC_HEADERS CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/include
    include/voxpert/*.h)
set(HEADER_TESTS)
set(ALL_HEADERS)
foreach(header ${PUBLIC_HEADERS})
    string(REGEX REPLACE "[^a-z0-9]" "_" name ${header})
    string(APPEND ALL_HEADERS "#include <${header}>\n")
    foreach(language c cc)
        set(source ${CMAKE_CURRENT_BINARY_DIR}/headers/${name}_alone.${language})
        file(CONFIGURE OUTPUT ${source} CONTENT "#include <${header}>\n#include <${header}>\n")
        list(APPEND HEADER_TESTS ${source})
    endforeach()
endforeach()
file(CONFIGURE OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/headers/voxpert_headers.h CONTENT "${ALL_HEADERS}")
add_executable(api_headers tests/api/header_test.cc ${HEADER_TESTS})
target_include_directories(api_headers PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/headers)
target_link_libraries(api_headers PRIVATE voxpert_public_flags voxpert_shared)
add_dependencies(threaded_tests api_headers)
set_target_properties(api_headers PROPERTIES RUNTIME_OUTPUT_DIRECTORY tests CXX_STANDARD 11)
add_test(NAME api/headers COMMAND api_headers)
describe_test(api/headers)

# ---- Fuzz targets -----------------------------------------------------------------------------

file(GLOB FUZZ_SOURCES CONFIGURE_DEPENDS tests/fuzz/fuzz_*.c)
foreach(source ${FUZZ_SOURCES})
    cmake_path(GET source STEM target)
    string(REGEX REPLACE "^fuzz_" "" name ${target})
    if(VOXPERT_FUZZ)
        add_executable(${target} ${source})
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
        add_executable(${target} ${source} tests/fuzz/replay.c)
        add_test(NAME fuzz/${name} COMMAND ${target} tests/fuzz/corpus/${name}
            WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
        describe_test(fuzz/${name})
    endif()
    target_link_libraries(${target} PRIVATE voxpert_flags voxpert_static)
    set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY fuzz)
endforeach()

# ---- Scripts and examples ---------------------------------------------------------------------

file(GLOB_RECURSE SCRIPTS CONFIGURE_DEPENDS RELATIVE ${CMAKE_CURRENT_SOURCE_DIR}/tests tests/*.sh)
list(FILTER SCRIPTS EXCLUDE REGEX "(^|/)_[^/]*$")
set(SCRIPT_ENVIRONMENT
    VOXPERT_BUILD=${CMAKE_CURRENT_BINARY_DIR}
    VOXPERT_EXAMPLES=${CMAKE_CURRENT_BINARY_DIR}/examples
    VOXPERT_LIBRARY=$<TARGET_FILE:voxpert_shared>
    VOXPERT_ARCHIVE=${ARCHIVE}
    TINY_MODELS=$<TARGET_FILE:tiny_models>
    FIELD_DECODE=$<TARGET_FILE:field_decode>
    SMALL_SHARED=${SMALL_SHARED}
    CC=${CMAKE_C_COMPILER})
if(TARGET voxpert)
    list(APPEND SCRIPT_ENVIRONMENT VOXPERT=$<TARGET_FILE:voxpert>)
endif()
if(TARGET golden)
    list(APPEND SCRIPT_ENVIRONMENT GOLDEN=$<TARGET_FILE:golden>)
endif()
foreach(file ${SCRIPTS})
    string(REGEX REPLACE "\\.sh$" "" name ${file})
    if(name MATCHES "^(cli|field|full)/" AND NOT TARGET voxpert)
        continue()
    endif()
    if(name MATCHES "^install/" AND VOXPERT_SANITIZE) # the run-time of a sanitizer adds names
        continue()
    endif()
    add_test(NAME ${name} COMMAND bash tests/${file} WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
    describe_test(${name})
    set_tests_properties(${name} PROPERTIES ENVIRONMENT "${SCRIPT_ENVIRONMENT}")
endforeach()

foreach(name ${EXAMPLES})
    if(NOT "examples/${name}.sh" IN_LIST SCRIPTS)
        add_test(NAME examples/${name} COMMAND example_${name})
        describe_test(examples/${name})
    endif()
endforeach()
