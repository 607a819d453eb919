# fuzz/<room>_<what>_fuzz.c becomes a libFuzzer program linked to its room; corpus in fuzz/corpus/.
file(GLOB fuzz_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/fuzz/*_fuzz.c)
foreach(source ${fuzz_sources})
  get_filename_component(name ${source} NAME_WE)
  string(REGEX REPLACE "_.*" "" room ${name})
  add_executable(${name} ${source})
  if(room STREQUAL "device") # whose crypto table OpenSSL fills
    set(room device_linux)
  elseif(NOT TARGET ${room}) # a room below nf/
    set(room nf_${room})
  endif()
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/test) # rigs shared with tests
  target_link_libraries(${name} PRIVATE ${room})
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
