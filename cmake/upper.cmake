# The rooms that need more than OpenSSL, and the programs.
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(JANSSON REQUIRED IMPORTED_TARGET jansson)
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(CYAML REQUIRED IMPORTED_TARGET libcyaml)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(MHD REQUIRED IMPORTED_TARGET libmicrohttpd)
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET libcurl)
pkg_check_modules(SMARTCOLS REQUIRED IMPORTED_TARGET smartcols)

pkg_check_modules(GNUTLS REQUIRED IMPORTED_TARGET gnutls)

# HTTPS (net/https*.h) stands in the room net, on libraries that only the room above it names.
target_link_libraries(net PUBLIC PkgConfig::MHD PkgConfig::GNUTLS PkgConfig::UV PkgConfig::CURL)

room(store LINK crypto PkgConfig::SQLITE Threads::Threads)
room(wire LINK proc codec)
room(nassec STD 11 LINK codec)
room(device STD 11 LINK wire nassec)
room(device/linux LINK device PkgConfig::JANSSON)
room(nf/common LINK wire peer net store PkgConfig::JANSSON PkgConfig::UV PkgConfig::CYAML PkgConfig::YAML
     PkgConfig::MHD)
room(nf/hssd LINK nf_common)
room(nf/mmed LINK nf_common nassec)

# GET /v1/openapi.yaml: what docs/openapi says is in the program; openapi_TARGET in nf/common/openapi.h.
function(openapi target document)
  set(in ${CMAKE_SOURCE_DIR}/docs/openapi/${document}.yaml)
  set(out ${CMAKE_BINARY_DIR}/openapi_${target}.c)
  add_custom_command(OUTPUT ${out} DEPENDS ${in} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
    COMMAND ${CMAKE_COMMAND} -DIN=${in} -DOUT=${out} -DNAME=openapi_${target}
            -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake)
  target_sources(nf_${target} PRIVATE ${out})
endfunction()
openapi(hssd hssd)
openapi(mmed mmed)
room(nf/repod LINK nf_common)
room(nf/arpfd LINK nf_common)
room(nf/dausfd LINK nf_common)
room(nf/rsmfd LINK nf_common)
foreach(daemon repod arpfd dausfd rsmfd)
  openapi(${daemon} ${daemon}-admin)
endforeach()
room(emulator LINK device_linux net PkgConfig::JANSSON)
room(cli LINK nf_common device_linux emulator PkgConfig::CURL PkgConfig::SMARTCOLS PkgConfig::UV)

# A program is one file in src/programs and the rooms it stands on.
function(program name)
  if(EXISTS ${CMAKE_SOURCE_DIR}/src/programs/${name}.c)
    add_executable(${name} src/programs/${name}.c)
    target_link_libraries(${name} PRIVATE ${ARGN})
  endif()
endfunction()
program(bindery-hssd nf_hssd)
program(bindery-mmed nf_mmed)
program(bindery-repod nf_repod)
program(bindery-arpfd nf_arpfd)
program(bindery-dausfd nf_dausfd)
program(bindery-rsmfd nf_rsmfd)
program(bindery-ue emulator)
program(bindery cli)
