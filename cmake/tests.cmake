# test/<room>/<name>_test.c becomes the program <room>_<name>_test, run by ctest, linked to the room
# (and to what the room links) and to cmocka.
pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
file(GLOB test_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/*/*_test.c)
file(GLOB test_lib CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/test/lib/*.c)
add_library(test_lib STATIC ${test_lib})
target_include_directories(test_lib PUBLIC ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR}/test)
target_link_libraries(test_lib PUBLIC crypto PkgConfig::CMOCKA PkgConfig::JANSSON)
target_compile_definitions(test_lib PRIVATE _GNU_SOURCE)
add_library(attach_world STATIC ${CMAKE_SOURCE_DIR}/test/attach/world.c
            ${CMAKE_SOURCE_DIR}/test/attach/world_mme.c ${CMAKE_SOURCE_DIR}/test/attach/world_line.c
            ${CMAKE_SOURCE_DIR}/test/attach/world_device.c ${CMAKE_SOURCE_DIR}/test/attach/home.c
            ${CMAKE_SOURCE_DIR}/test/attach/ausf.c)
target_link_libraries(attach_world PUBLIC test_lib nf_mmed device_linux)
target_compile_definitions(attach_world PRIVATE _GNU_SOURCE)
foreach(source ${test_sources})
  get_filename_component(name ${source} NAME_WE)
  get_filename_component(folder ${source} DIRECTORY)
  get_filename_component(room ${folder} NAME)
  if(room STREQUAL "nf")
    set(links nf_hssd)
  elseif(room STREQUAL "attach") # the device and the MME in one process
    set(links attach_world)
  elseif(room STREQUAL "rsmfd") # and the device's side of it
    set(links nf_rsmfd emulator)
  elseif(room STREQUAL "device") # whose crypto table OpenSSL fills
    set(links device_linux)
  elseif(TARGET ${room})
    set(links ${room})
  elseif(TARGET nf_${room})
    set(links nf_${room})
  else()
    continue()
  endif()
  add_executable(${room}_${name} ${source})
  target_link_libraries(${room}_${name} PRIVATE test_lib ${links})
  target_compile_definitions(${room}_${name} PRIVATE _GNU_SOURCE
                             TEST_DATA="${CMAKE_SOURCE_DIR}/test/vectors")
  # Of what is tested the release build is optimised; the tests themselves take four times as long so.
  target_compile_options(${room}_${name} PRIVATE $<$<CONFIG:RelWithDebInfo>:-Og>)
  add_test(NAME ${room}/${name} COMMAND ${room}_${name})
endforeach()
include(cmake/live.cmake)
