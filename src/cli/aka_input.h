/* cli/aka_input.h - what the calculator `bindery aka` works on, and its results as names and
 * values.
 *
 * A calculator for experiments: unlike everything else here it shows keys, for that is what it is
 * asked for. Input is "key = value" lines or a JSON object.
 */
#ifndef BINDERY_CLI_AKA_INPUT_H
#define BINDERY_CLI_AKA_INPUT_H

#include "cli/cli.h"
#include "proc/binding.h"

struct aka_input {
    struct aka_keys keys; /* algorithm 0: not given */
    struct key_op op;
    bool has_rand, has_sqn, has_amf, has_kme, has_auts, has_sqn_ms, has_plmn;
    struct rand128 rand;
    uint64_t sqn, sqn_ms;
    uint16_t amf;
    struct key_kme kme;
    struct auts auts;
    struct plmn plmn;
};
/* One member by its name (k, op, opc, top, topc, algorithm, res_length, keccak_iterations, rand,
 * sqn, amf, kme, auts, sqn_ms, plmn). False and why; the value is never in it. */
MUST_USE bool aka_input_set(struct aka_input *in, const char *name, const char *value, char *why,
                            size_t cap);
/* The text of a file, lines or JSON. False and why, with the line. */
MUST_USE bool aka_input_parse(struct aka_input *in, char *text, size_t n, char *why, size_t cap);

#define AKA_RESULTS_MAX    24
#define AKA_RESULT_HEX_MAX 80
struct aka_result {
    const char *name;
    const char *what;
    char value[AKA_RESULT_HEX_MAX];
};
struct aka_results {
    size_t n;
    struct aka_result row[AKA_RESULTS_MAX];
    bool auts_refused; /* the AUTS that was given does not verify */
};
/* Computes all that the input allows. Errors: E_MISSING (K, or OP and OPc, or RAND for an AUTS),
 * E_BAD_LENGTH, E_BAD_VALUE, E_CRYPTO. A missing RAND is drawn, SQN is 0, AMF 8000, with a KME
 * 8001.
 */
MUST_USE enum err aka_compute(const struct crypto *c, const struct aka_input *in,
                              struct aka_results *out);

#endif
