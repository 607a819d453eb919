# The yardsticks of bench/ (docs/performance.md): programs that only the target `bench` builds.
find_library(FDCORE fdcore REQUIRED)
find_library(FDPROTO fdproto REQUIRED)
find_path(FREEDIAMETER_INCLUDE freeDiameter/libfdcore.h REQUIRED)

add_library(bench_lib STATIC EXCLUDE_FROM_ALL bench/lib/measure.c)
target_include_directories(bench_lib PUBLIC ${CMAKE_SOURCE_DIR}/bench ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(bench_lib PUBLIC _GNU_SOURCE)
set(bench_programs "")

# bench_program(NAME FILES... LINK libraries...): bench_NAME
function(bench_program name)
  cmake_parse_arguments(P "" "" "LINK" ${ARGN})
  add_executable(bench_${name} EXCLUDE_FROM_ALL ${P_UNPARSED_ARGUMENTS})
  target_link_libraries(bench_${name} PRIVATE bench_lib ${P_LINK})
  set(bench_programs ${bench_programs} bench_${name} PARENT_SCOPE)
endfunction()

# Clients of S6a share its messages, and all clients the links.
add_library(bench_client STATIC EXCLUDE_FROM_ALL bench/lib/link.c bench/lib/closed.c
                                                 bench/air_message.c)
target_link_libraries(bench_client PUBLIC bench_lib codec PkgConfig::SSL PkgConfig::CRYPTO)

bench_program(vectors bench/vectors.c LINK proc)
bench_program(eir bench/eir.c LINK proc)
bench_program(proofs bench/proofs.c LINK nf_common)
bench_program(kme bench/kme.c bench/lib/kme_ports.c LINK nf_common)
bench_program(onboarding bench/onboarding.c bench/lib/kme_ports.c LINK nf_common)
bench_program(releases bench/releases.c LINK nf_arpfd)
bench_program(air_client bench/air_client.c LINK bench_client)
bench_program(inquiry_client bench/inquiry_client.c LINK bench_client)
bench_program(provision_client bench/provision_client.c bench/lib/kme_ports.c LINK bench_client wire proc net)
bench_program(gsup_client bench/gsup_client.c LINK bench_client)
bench_program(restart bench/restart.c LINK bench_client)
bench_program(handshakes bench/handshakes.c LINK bench_client)
bench_program(storm bench/storm.c bench/lib/storm_plot.c LINK bench_client m)
bench_program(epoll_responder bench/epoll_responder.c LINK bench_client proc Threads::Threads)
bench_program(bare_insert bench/bare_insert.c LINK store)
bench_program(bindings bench/bindings.c LINK store proc net)
bench_program(https_get bench/https_get.c LINK bench_client)
bench_program(https_constant bench/https_constant.c LINK PkgConfig::MHD)

# freeDiameter's headers do not bear our warnings.
bench_program(fd_constant bench/fd_main.c bench/fd_constant.c LINK ${FDCORE} ${FDPROTO}
                                                                   Threads::Threads)
target_include_directories(bench_fd_constant SYSTEM PRIVATE ${FREEDIAMETER_INCLUDE})
add_library(bench_fd_extension MODULE EXCLUDE_FROM_ALL bench/fd_extension.c bench/fd_constant.c)
target_include_directories(bench_fd_extension SYSTEM PRIVATE ${FREEDIAMETER_INCLUDE})
target_compile_definitions(bench_fd_extension PRIVATE _GNU_SOURCE)
set_target_properties(bench_fd_extension PROPERTIES PREFIX "" SUFFIX ".fdx")

add_custom_target(bench DEPENDS ${bench_programs} bench_fd_extension)
