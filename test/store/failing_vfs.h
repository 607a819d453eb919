/* test/store/failing_vfs.h - a disk that fails: a layer between SQLite and the file system that
 * hands all on until its counter of writes, truncations and syncs is used up. Once installed every
 * database of the process goes through it; nothing fails before arm().
 */
#ifndef BINDERY_TEST_STORE_FAILING_VFS_H
#define BINDERY_TEST_STORE_FAILING_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>

enum fault_kind { FAULT_ONCE, FAULT_FOR_GOOD, FAULT_DISK_FULL };
static struct {
    sqlite3_vfs *real;
    bool armed;
    enum fault_kind kind;
    long left; /* writes, truncations and syncs that still work */
} disk;

static inline bool fails(void)
{
    if (!disk.armed || disk.left-- > 0) {
        return false;
    }
    disk.armed = disk.kind != FAULT_ONCE;
    return true;
}

static inline void arm(enum fault_kind kind, long after)
{
    disk.kind = kind;
    disk.left = after;
    disk.armed = true;
}

/* Did the fault strike? */
static inline bool disarm(void)
{
    bool struck = disk.left < 0;
    disk.armed = false;
    return struck;
}

struct faulty {
    sqlite3_file base;
    sqlite3_file *real;
};
#define REAL(file) (((struct faulty *)(file))->real)
#define HAND_ON(name, params, args)                                                                \
    static inline int name params                                                                  \
    {                                                                                              \
        return REAL(f)->pMethods->name args;                                                       \
    }
HAND_ON(xClose, (sqlite3_file * f), (REAL(f)))
HAND_ON(xRead, (sqlite3_file * f, void *p, int n, sqlite3_int64 at), (REAL(f), p, n, at))
HAND_ON(xFileSize, (sqlite3_file * f, sqlite3_int64 *n), (REAL(f), n))
HAND_ON(xLock, (sqlite3_file * f, int l), (REAL(f), l))
HAND_ON(xUnlock, (sqlite3_file * f, int l), (REAL(f), l))
HAND_ON(xCheckReservedLock, (sqlite3_file * f, int *out), (REAL(f), out))
HAND_ON(xFileControl, (sqlite3_file * f, int op, void *arg), (REAL(f), op, arg))
HAND_ON(xSectorSize, (sqlite3_file * f), (REAL(f)))
HAND_ON(xDeviceCharacteristics, (sqlite3_file * f), (REAL(f)))
HAND_ON(xShmMap, (sqlite3_file * f, int i, int n, int grow, void volatile **p),
        (REAL(f), i, n, grow, p))
HAND_ON(xShmLock, (sqlite3_file * f, int at, int n, int flags), (REAL(f), at, n, flags))
HAND_ON(xShmUnmap, (sqlite3_file * f, int del), (REAL(f), del))
HAND_ON(xFetch, (sqlite3_file * f, sqlite3_int64 at, int n, void **p), (REAL(f), at, n, p))
HAND_ON(xUnfetch, (sqlite3_file * f, sqlite3_int64 at, void *p), (REAL(f), at, p))

static inline void xShmBarrier(sqlite3_file *f)
{
    REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static inline int xWrite(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (!fails()) {
        return REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
    }
    if (disk.kind == FAULT_DISK_FULL) {
        return SQLITE_FULL;
    }
    (void)REAL(f)->pMethods->xWrite(REAL(f), p, n / 2, at); /* torn */
    return SQLITE_IOERR_WRITE;
}

static inline int xTruncate(sqlite3_file *f, sqlite3_int64 n)
{
    return fails() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), n);
}

static inline int xSync(sqlite3_file *f, int flags)
{
    return fails() ? SQLITE_IOERR_FSYNC : REAL(f)->pMethods->xSync(REAL(f), flags);
}

static const sqlite3_io_methods faulty_methods = {
    3,
    xClose,
    xRead,
    xWrite,
    xTruncate,
    xSync,
    xFileSize,
    xLock,
    xUnlock,
    xCheckReservedLock,
    xFileControl,
    xSectorSize,
    xDeviceCharacteristics,
    xShmMap,
    xShmLock,
    xShmBarrier,
    xShmUnmap,
    xFetch,
    xUnfetch,
};

static inline int faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags,
                              int *out)
{
    (void)vfs;
    struct faulty *file = (struct faulty *)f;
    file->real = (sqlite3_file *)(file + 1);
    int rc = disk.real->xOpen(disk.real, name, file->real, flags, out);
    f->pMethods = file->real->pMethods == NULL ? NULL : &faulty_methods;
    return rc;
}

/* A setup of cmocka. */
static inline int failing_vfs_install(void **state)
{
    (void)state;
    static sqlite3_vfs vfs;
    disk.real = sqlite3_vfs_find(NULL);
    vfs = *disk.real;
    vfs.zName = "faulty";
    vfs.szOsFile = (int)sizeof(struct faulty) + disk.real->szOsFile;
    vfs.xOpen = faulty_open;
    vfs.pNext = NULL;
    return sqlite3_vfs_register(&vfs, 1);
}

#endif
