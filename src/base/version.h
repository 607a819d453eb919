/* base/version.h - which Bindery this is. CMakeLists.txt takes the packages' version from here. */
#ifndef BINDERY_BASE_VERSION_H
#define BINDERY_BASE_VERSION_H

#define BINDERY_VERSION "0.1.0"

#endif
