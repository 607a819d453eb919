/* base/err.h - every way a function below the programs can fail, in one list.
 *
 * A code says what went wrong inside; what the wire is told about it is decided by base/refusal.h
 * and the wire room, which tell a peer less than the log is told. This header never grows a code
 * that means the same as another.
 */
#ifndef BINDERY_BASE_ERR_H
#define BINDERY_BASE_ERR_H

#define MUST_USE __attribute__((warn_unused_result))

/* name, sentence */
#define ERR_LIST(X)                                                                                \
    X(OK, "success")                                                                               \
    X(TRUNCATED, "the input ends before the element does")                                         \
    X(TRAILING, "octets are left over after the last element")                                     \
    X(NO_ROOM, "the output does not fit the space given for it")                                   \
    X(BAD_VALUE, "a value is outside what its field allows")                                       \
    X(BAD_LENGTH, "a length is not the one the element must have")                                 \
    X(BAD_DIGIT, "a character is not one of the digits allowed here")                              \
    X(BAD_CHECK_DIGIT, "the check digit does not match the other digits")                          \
    X(MISSING, "a mandatory element is not there")                                                 \
    X(REPEATED, "an element occurs more often than it may")                                        \
    X(UNKNOWN, "an element that must be understood is not known")                                  \
    X(UNSUPPORTED, "the element is well formed but not supported")                                 \
    X(CRYPTO, "a cryptographic operation could not be carried out")                                \
    X(BAD_MAC, "the message authentication code does not match")                                   \
    X(SYNC, "the sequence number is outside the range that is accepted")                           \
    X(EXHAUSTED, "no value may be issued now without passing its bound")                           \
    X(BAD_STATE, "the event is not allowed in this state")                                         \
    X(NOT_FOUND, "there is no such entry")                                                         \
    X(EXISTS, "there is such an entry already")                                                    \
    X(CONFLICT, "the entry was changed by somebody else, or contradicts another")                  \
    X(DENIED, "the caller may not do this")                                                        \
    X(BUSY, "too much work is waiting already")                                                    \
    X(LOCKED, "another process holds it")                                                          \
    X(TOO_NEW, "it was written by a newer version of this program")                                \
    X(WRONG_KEY, "the key does not open what it should open")                                      \
    X(IO, "the operating system or a library reported a failure")                                  \
    X(DISK_FULL, "the disk has no room left")                                                      \
    X(MEMORY, "no memory")                                                                         \
    X(CLOSED, "the other side has closed the connection")                                          \
    X(AGAIN, "nothing to do until more input comes")

enum err {
#define X(name, sentence) E_##name,
    ERR_LIST(X)
#undef X
};

/* The sentence of a code, for people. Never NULL. */
const char *err_sentence(enum err e);
/* The code's name in lower case with hyphens ("bad-mac"), for logs and JSON. Never NULL. */
const char *err_name(enum err e);

#endif
