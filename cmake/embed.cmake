# A file as an array of octets in C: cmake -DIN=file -DOUT=file.c -DNAME=symbol -P embed.cmake. What
# the file holds is in NAME, and its length in NAME_n.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," octets "${hex}")
file(WRITE ${OUT} "#include \"nf/common/openapi.h\"\nconst unsigned char ${NAME}[] = {${octets}};
const size_t ${NAME}_n = sizeof ${NAME};\n")
