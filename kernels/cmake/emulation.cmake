# The CUDA twins on machines without a GPU: src/cuda compiled by g++ against tests/emulation.
#   bhn_emulated      libbhn.so with an emulated CUDA device and no AVX twins; Java's tests load it
#   emulated_<test>   every ABI test on that device, with ASan and UBSan
# Both take the place of the real twins, so nothing here is part of what is shipped.
file(GLOB BHN_EMULATION CONFIGURE_DEPENDS tests/emulation/*.cpp)

# CMake would hand a .cu to nvcc; a file that includes it goes to g++.
set(BHN_EMULATED_SOURCES)
foreach(source ${BHN_CUDA_SOURCES})
  get_filename_component(name ${source} NAME_WE)
  set(wrapper ${CMAKE_CURRENT_BINARY_DIR}/emulated/${name}.cpp)
  file(GENERATE OUTPUT ${wrapper} CONTENT "#include \"${source}\"\n")
  list(APPEND BHN_EMULATED_SOURCES ${wrapper})
endforeach()

function(bhn_emulated_library target kind)
  add_library(${target} ${kind} EXCLUDE_FROM_ALL ${BHN_HOST_SOURCES} ${BHN_CPU_SOURCES} ${BHN_EMULATED_SOURCES} ${BHN_EMULATION})
  target_include_directories(${target} BEFORE PRIVATE ${CMAKE_CURRENT_SOURCE_DIR}/tests/emulation)
  target_compile_definitions(${target} PRIVATE BHN_WITH_CUDA=1 BHN_ONLY_BASE=1 BHN_ISA=base)
  target_compile_options(${target} PRIVATE -Wno-unknown-pragmas -fno-math-errno -ffp-contract=off ${ARGN})
  target_link_libraries(${target} PRIVATE bhn_flags OpenMP::OpenMP_CXX)
  add_dependencies(${target} bhn_build_info)
endfunction()

if(BHN_CUDA_SOURCES AND NOT BHN_SANITIZE)
  bhn_emulated_library(bhn_emulated SHARED -O1)
  set_target_properties(bhn_emulated PROPERTIES OUTPUT_NAME bhn LINKER_LANGUAGE CXX
    LIBRARY_OUTPUT_DIRECTORY ${CMAKE_CURRENT_BINARY_DIR}/emulated/lib)
  target_link_options(bhn_emulated PRIVATE -Wl,-Bsymbolic -Wl,-z,noexecstack)

  set(BHN_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  bhn_emulated_library(bhn_emulated_sanitized STATIC -O1 ${BHN_SANITIZERS})
endif()
