# The CUDA twins on machines without a GPU: src/cuda compiled by g++ against tests/emulation.
#   bhn_emulated      libbhn.so with an emulated CUDA device and no AVX twins, libcublas.so.13 and libcudnn.so.9 on it; Java's tests load
#                     them
#   emulated_<test>   every ABI test on that device, with ASan and UBSan
# Both take the place of the real twins, so nothing here is part of what is shipped.
set(BHN_EMULATION tests/emulation/fibers.cpp tests/emulation/runtime.cpp tests/emulation/streams.cpp)

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
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/emulated/lib)
  bhn_emulated_library(bhn_emulated_bhn SHARED -O1)
  set_target_properties(bhn_emulated_bhn PROPERTIES OUTPUT_NAME bhn LINKER_LANGUAGE CXX LIBRARY_OUTPUT_DIRECTORY ${directory})
  target_link_options(bhn_emulated_bhn PRIVATE -Wl,-z,noexecstack -static-libstdc++ -static-libgcc)
  bhn_exports(bhn_emulated_bhn)

  # NVIDIA's libraries, as far as they are used: name and major version of each.
  foreach(library cublas:13 cudnn:9)
    string(REPLACE ":" ";" library ${library})
    list(GET library 0 name)
    list(GET library 1 major)
    add_library(bhn_emulated_${name} SHARED EXCLUDE_FROM_ALL tests/emulation/${name}.cpp)
    set_target_properties(bhn_emulated_${name} PROPERTIES OUTPUT_NAME ${name} SOVERSION ${major} BUILD_RPATH_USE_ORIGIN ON
      LIBRARY_OUTPUT_DIRECTORY ${directory})
    target_compile_options(bhn_emulated_${name} PRIVATE -O2)
    target_link_libraries(bhn_emulated_${name} PRIVATE bhn_flags bhn_emulated_bhn)
    target_link_options(bhn_emulated_${name} PRIVATE -static-libstdc++ -static-libgcc)
  endforeach()

  add_custom_target(bhn_emulated DEPENDS bhn_emulated_bhn bhn_emulated_cublas bhn_emulated_cudnn)

  set(BHN_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer)
  bhn_emulated_library(bhn_emulated_sanitized STATIC -O1 ${BHN_SANITIZERS})
endif()
