# The yardsticks of bench/ (docs/performance.md): programs that only the target `bench` builds.
find_library(FDCORE fdcore REQUIRED)
find_library(FDPROTO fdproto REQUIRED)
find_path(FREEDIAMETER_INCLUDE freeDiameter/libfdcore.h REQUIRED)

add_library(bench_lib STATIC EXCLUDE_FROM_ALL bench/lib/measure.c)
target_include_directories(bench_lib PUBLIC ${CMAKE_SOURCE_DIR}/bench ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(bench_lib PUBLIC _GNU_SOURCE)

add_executable(bench_vectors EXCLUDE_FROM_ALL bench/vectors.c)
target_link_libraries(bench_vectors PRIVATE bench_lib proc)

add_executable(bench_air_client EXCLUDE_FROM_ALL bench/air_client.c bench/air_message.c)
target_link_libraries(bench_air_client PRIVATE bench_lib codec)

# freeDiameter's headers do not bear our warnings.
add_executable(bench_fd_constant EXCLUDE_FROM_ALL bench/fd_constant.c)
target_include_directories(bench_fd_constant SYSTEM PRIVATE ${FREEDIAMETER_INCLUDE})
target_link_libraries(bench_fd_constant PRIVATE bench_lib ${FDCORE} ${FDPROTO} Threads::Threads)

add_custom_target(bench DEPENDS bench_vectors bench_air_client bench_fd_constant)
