# Writes gen/bhn_build.h: BHN_BUILD_VERSION, BHN_BUILD_ID, BHN_BUILD_COMPILER. Touches it only when it changes.
# The build is dirty when a file of the kernels differs from the commit.
cmake_policy(VERSION 3.20)
execute_process(
  COMMAND git -C ${SOURCE_DIR} describe --always --abbrev=12
  OUTPUT_VARIABLE id OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE rc ERROR_QUIET)
execute_process(
  COMMAND git -C ${SOURCE_DIR} diff --quiet HEAD -- . RESULT_VARIABLE differs OUTPUT_QUIET ERROR_QUIET)
if(NOT rc EQUAL 0 OR id STREQUAL "")
  set(id "unknown")
elseif(NOT differs EQUAL 0)
  set(id "${id}-dirty")
endif()
file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT
"#pragma once
#define BHN_BUILD_VERSION \"@VERSION@\"
#define BHN_BUILD_ID \"@id@\"
#define BHN_BUILD_COMPILER \"@COMPILER@\"
")
