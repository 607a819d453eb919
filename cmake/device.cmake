# libbindery-ue: the device side as one relocatable object, from which everything is gone that the
# exported names (src/device/bindery_ue.exports) do not need, and in which nothing but those names
# is global. A plain archive would keep the network's half of two-sided files.
# Targets: bindery_ue_object (the object), bindery_ue_library (libbindery-ue.a, of it alone), and
# bindery_ue_arm (the same for a Cortex-M3, if there is a compiler for it).
set(device_exports ${CMAKE_SOURCE_DIR}/src/device/bindery_ue.exports)
file(STRINGS ${CMAKE_SOURCE_DIR}/tools/host-files.txt device_host_files REGEX "^[^#]")
set(device_sources)
# Of codec only NAS: the device speaks neither Diameter nor S1AP.
foreach(files base/* id/* crypto/* proc/* codec/nas* wire/* nassec/* device/*)
  file(GLOB found CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${files}.c)
  list(APPEND device_sources ${found})
endforeach()
foreach(name ${device_host_files})
  list(REMOVE_ITEM device_sources ${CMAKE_SOURCE_DIR}/src/${name})
endforeach()

file(STRINGS ${device_exports} device_names)
set(device_roots)
foreach(name ${device_names})
  list(APPEND device_roots -u ${name})
endforeach()

add_library(bindery_ue_parts OBJECT EXCLUDE_FROM_ALL ${device_sources})
target_include_directories(bindery_ue_parts PRIVATE ${CMAKE_SOURCE_DIR}/src)
set_target_properties(bindery_ue_parts PROPERTIES C_STANDARD 11 POSITION_INDEPENDENT_CODE ON)
# A device has no stack guard to call, and no checking variants of memcpy.
target_compile_options(bindery_ue_parts PRIVATE -Os -fno-stack-protector -U_FORTIFY_SOURCE
                       -fvisibility=hidden -fno-asynchronous-unwind-tables)

add_custom_command(
  OUTPUT libbindery-ue.o
  COMMAND ${CMAKE_LINKER} -r --gc-sections ${device_roots} -o libbindery-ue.tmp.o
          $<TARGET_OBJECTS:bindery_ue_parts>
  COMMAND ${CMAKE_OBJCOPY} --keep-global-symbols=${device_exports} --strip-debug --strip-unneeded
          libbindery-ue.tmp.o libbindery-ue.o
  COMMAND ${CMAKE_COMMAND} -E rm libbindery-ue.tmp.o
  DEPENDS bindery_ue_parts $<TARGET_OBJECTS:bindery_ue_parts> ${device_exports}
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_command(
  OUTPUT libbindery-ue.a
  COMMAND ${CMAKE_COMMAND} -E rm -f libbindery-ue.a
  COMMAND ${CMAKE_AR} rcs libbindery-ue.a libbindery-ue.o
  DEPENDS libbindery-ue.o VERBATIM)
# A sanitizer's object calls its sanitizer.
if(NOT SANITIZE AND NOT BINDERY_FUZZ)
  add_custom_target(bindery_ue_object ALL DEPENDS libbindery-ue.o)
  add_custom_target(bindery_ue_library ALL DEPENDS libbindery-ue.a)
  add_dependencies(bindery_ue_library bindery_ue_object)

  # What a modem's engineer would write: it sees the installed header and the library alone.
  add_executable(modem examples/modem/modem.c examples/modem/platform.c
                       examples/modem/onboarding.c examples/modem/discovery.c)
  add_dependencies(modem bindery_ue_library)
  target_include_directories(modem PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/include)
  target_link_libraries(modem PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/libbindery-ue.a PkgConfig::CRYPTO)
  # One header is installed: layer 1 in the place of its #include.
  set(device_headers ${CMAKE_SOURCE_DIR}/src/device/bindery_ue.h
                     ${CMAKE_SOURCE_DIR}/src/device/bindery_ue_hooks.h
                     ${CMAKE_SOURCE_DIR}/src/device/bindery_ue_discovery.h)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${device_headers})
  file(READ src/device/bindery_ue.h whole)
  file(READ src/device/bindery_ue_hooks.h hooks)
  file(READ src/device/bindery_ue_discovery.h discovery)
  set(hooks_line "#include \"device/bindery_ue_hooks.h\"\n")
  string(REPLACE "${hooks_line}" "" discovery "${discovery}")
  string(REPLACE "#include \"device/bindery_ue_discovery.h\"\n" "" whole "${whole}")
  string(REPLACE "${hooks_line}" "${hooks}${discovery}" whole "${whole}")
  file(CONFIGURE OUTPUT include/bindery_ue.h CONTENT "${whole}" @ONLY)
  if(BINDERY_TESTS)
    add_test(NAME device/modem
             COMMAND ${CMAKE_SOURCE_DIR}/test/device/modem_test.sh $<TARGET_FILE:modem>)
    add_test(NAME device/modem_onboard
             COMMAND ${CMAKE_SOURCE_DIR}/test/device/modem_onboard_test.sh $<TARGET_FILE:modem>)
    add_test(NAME device/modem_discovery
             COMMAND ${CMAKE_SOURCE_DIR}/test/device/modem_discovery_test.sh $<TARGET_FILE:modem>)
  endif()
endif()

find_program(ARM_GCC arm-none-eabi-gcc)
if(ARM_GCC)
  add_custom_target(bindery_ue_arm
    COMMAND ${CMAKE_SOURCE_DIR}/tools/device-size ${CMAKE_CURRENT_BINARY_DIR}/arm
    WORKING_DIRECTORY ${CMAKE_SOURCE_DIR} VERBATIM)
endif()
