# What libbhn.so shows: bhn_*, and the functions of CUDA's runtime that Java binds. So Java needs no libcudart.so, and the process has
# one runtime, whatever other libraries bring along.
#   bhn_exports(TARGET)   applies the version script
#   BHN_CUDART            the names, from the list that the bindings are generated from
set(_includes ${CMAKE_CURRENT_SOURCE_DIR}/../native-bindings/jextract/cuda.includes)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${_includes})
file(STRINGS ${_includes} BHN_CUDART REGEX "^--include-function ")
list(TRANSFORM BHN_CUDART REPLACE "^--include-function " "")

set(BHN_EXPORTS ${CMAKE_CURRENT_BINARY_DIR}/exports.map)
list(JOIN BHN_CUDART "; " _names)
file(GENERATE OUTPUT ${BHN_EXPORTS} CONTENT "{ global: bhn_*; ${_names}; local: *; };\n")

# -Bsymbolic: the library's own calls never go to another libcudart.
function(bhn_exports target)
  target_link_options(${target} PRIVATE -Wl,--version-script=${BHN_EXPORTS} -Wl,-Bsymbolic)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${BHN_EXPORTS})
endfunction()

# The static runtime's functions are hidden, and a linker cannot undo that. So they get other names in a copy of the archive, and
# their own names become jumps to these, which can be shown.
function(bhn_static_cudart target)
  set(renames ${CMAKE_CURRENT_BINARY_DIR}/cudart.renames)
  set(jumps ${CMAKE_CURRENT_BINARY_DIR}/cudart_jumps.c)
  set(archive ${CMAKE_CURRENT_BINARY_DIR}/libcudart_renamed.a)
  set(rename_lines "")
  set(jump_lines "")
  set(jump "endbr64\\njmp")
  if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
    set(jump "hint 34\\nb")
  endif()
  foreach(name ${BHN_CUDART})
    string(APPEND rename_lines "${name} cudart_${name}\n")
    string(APPEND jump_lines "__asm__(\".text\\n.globl ${name}\\n.type ${name}, %function\\n${name}: ${jump} cudart_${name}\\n"
      ".size ${name}, . - ${name}\");\n")
  endforeach()
  file(GENERATE OUTPUT ${renames} CONTENT "${rename_lines}")
  file(GENERATE OUTPUT ${jumps} CONTENT "${jump_lines}")
  find_library(BHN_CUDART_STATIC cudart_static HINTS ${CMAKE_CUDA_IMPLICIT_LINK_DIRECTORIES} REQUIRED)
  add_custom_command(OUTPUT ${archive}
    COMMAND ${CMAKE_OBJCOPY} --redefine-syms=${renames} ${BHN_CUDART_STATIC} ${archive}
    DEPENDS ${renames} ${BHN_CUDART_STATIC} VERBATIM)
  target_sources(${target} PRIVATE ${jumps} ${archive})
  set_target_properties(${target} PROPERTIES CUDA_RUNTIME_LIBRARY None)
  target_link_libraries(${target} PRIVATE ${archive} dl rt pthread)
endfunction()
