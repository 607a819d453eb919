# What docs/reference is made of (tools/reference/facts.c), for ./dev reference and its check.
add_executable(reference_facts ${CMAKE_SOURCE_DIR}/tools/reference/facts.c)
target_include_directories(reference_facts PRIVATE ${CMAKE_SOURCE_DIR}/src)
target_link_libraries(reference_facts PRIVATE nf_hssd nf_mmed nf_repod nf_arpfd nf_dausfd nf_rsmfd)
