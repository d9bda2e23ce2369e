# Every tests/*.c and tests/*.cpp is one executable against libbhn.so, as a user would link it.
# Every tests/internal/*.cpp is one against the object files: it sees what libbhn.so hides.
# Every tests/emulation/cases/*.cpp is one of the emulation that stands in for a CUDA device.
file(GLOB BHN_TESTS CONFIGURE_DEPENDS tests/*.c tests/*.cpp)
file(GLOB BHN_INTERNAL_TESTS CONFIGURE_DEPENDS tests/internal/*.cpp)
file(GLOB BHN_EMULATION_TESTS CONFIGURE_DEPENDS tests/emulation/cases/*.cpp)

function(bhn_test prefix source)
  get_filename_component(name ${source} NAME_WE)
  set(target ${prefix}${name})
  add_executable(${target} ${source} ${ARGN})
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/tests)
  target_compile_options(${target} PRIVATE -O1)
  target_link_libraries(${target} PRIVATE bhn_flags m)
  add_test(NAME ${target} COMMAND ${target})
  # Two threads: the tests share a machine with other builds, and spinning threads collapse there.
  set_tests_properties(${target} PROPERTIES TIMEOUT 300
    ENVIRONMENT "OMP_NUM_THREADS=2;GOMP_SPINCOUNT=1000")
endfunction()

foreach(source ${BHN_TESTS})
  bhn_test(test_ ${source})
  get_filename_component(name ${source} NAME_WE)
  target_link_libraries(test_${name} PRIVATE bhn OpenMP::OpenMP_CXX)
endforeach()
foreach(source ${BHN_INTERNAL_TESTS})
  bhn_test(internal_ ${source} ${BHN_OBJECTS})
  get_filename_component(name ${source} NAME_WE)
  target_link_libraries(internal_${name} PRIVATE OpenMP::OpenMP_CXX)
  if(BHN_WITH_CUDA)
    set_target_properties(internal_${name} PROPERTIES CUDA_RUNTIME_LIBRARY Static)
  endif()
endforeach()

# The ABI's tests once more, on an emulated CUDA device, for two orders in which its threads run; and tests of the emulation.
function(bhn_emulated_test prefix source)
  bhn_test(${prefix} ${source})
  get_filename_component(name ${source} NAME_WE)
  target_compile_options(${prefix}${name} PRIVATE ${BHN_SANITIZERS})
  target_link_options(${prefix}${name} PRIVATE ${BHN_SANITIZERS})
  target_link_libraries(${prefix}${name} PRIVATE bhn_emulated_sanitized OpenMP::OpenMP_CXX)
  set_property(TEST ${prefix}${name} APPEND PROPERTY ENVIRONMENT
    "BHN_TEST_DEVICE=cuda;ASAN_OPTIONS=detect_stack_use_after_return=0:detect_leaks=0")
endfunction()

if(TARGET bhn_emulated_sanitized)
  set(BHN_EMULATED_TESTS ${BHN_TESTS})
  list(FILTER BHN_EMULATED_TESTS EXCLUDE REGEX "/large\\.cpp$")
  foreach(source ${BHN_EMULATED_TESTS})
    bhn_emulated_test(emulated_ ${source})
  endforeach()
  foreach(source ${BHN_EMULATION_TESTS})
    bhn_emulated_test(emulation_ ${source})
    get_filename_component(name ${source} NAME_WE)
    target_include_directories(emulation_${name} BEFORE PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/tests/emulation)
    target_compile_options(emulation_${name} PRIVATE -Wno-unknown-pragmas)
  endforeach()
  # One family here, which also has the barriers of launch.h; all of them: tests/emulation/mutate.sh BUILD_DIRECTORY.
  add_test(NAME emulation_mutations
    COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/tests/emulation/mutate.sh ${CMAKE_CURRENT_BINARY_DIR} elbo)
endif()

if(TARGET bhn_cpu_avx2 AND NOT BHN_SANITIZE)
  add_test(NAME isa_leak
    COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cmake/isa_leak.sh ${CMAKE_NM}
            $<TARGET_OBJECTS:bhn_cpu_avx2> $<TARGET_OBJECTS:bhn_cpu_avx512>
    COMMAND_EXPAND_LISTS)
endif()

set(BHN_BINDINGS ${CMAKE_CURRENT_SOURCE_DIR}/../native-bindings/jextract)
if(NOT BHN_SANITIZE)
  add_test(NAME exports COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.sh ${CMAKE_NM} $<TARGET_FILE:bhn> ${BHN_BINDINGS} ${BHN_WITH_CUDA})
endif()
if(TARGET bhn_emulated_bhn)
  add_test(NAME exports_emulated COMMAND bash ${CMAKE_CURRENT_SOURCE_DIR}/cmake/exports.sh ${CMAKE_NM} $<TARGET_FILE:bhn_emulated_bhn> ${BHN_BINDINGS} ON)
endif()
