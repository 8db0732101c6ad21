# Given as -DCMAKE_PROJECT_INCLUDE: a cheap build of the runner for a model of 10 MB.
# The kernels keep -O2, the 100+ model graphs are compiled twelve to a file, and the rest is not optimised.
if(NOT DEFINED LAB_QUICK)
  set(LAB_QUICK TRUE CACHE INTERNAL "")

  function(lab_quick_targets)
    foreach(target ggml ggml-base ggml-cpu)
      if(TARGET ${target})
        target_compile_options(${target} PRIVATE -O2)
      endif()
    endforeach()
    foreach(target llama mtmd)
      if(TARGET ${target})
        set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 12)
      endif()
    endforeach()
    # These define names that their neighbours define too.
    if(TARGET llama)
      set_source_files_properties(${CMAKE_SOURCE_DIR}/src/models/gemma4.cpp
        TARGET_DIRECTORY llama PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
    if(TARGET mtmd)
      file(GLOB alone ${CMAKE_SOURCE_DIR}/tools/mtmd/*.cpp)
      set_source_files_properties(${alone}
        TARGET_DIRECTORY mtmd PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    endif()
  endfunction()

  cmake_language(DEFER DIRECTORY ${CMAKE_SOURCE_DIR} CALL lab_quick_targets)
endif()
