/* codec/private.h - every private code point of this project, with the reason for each.
 *
 * Diameter: own AVPs sit under a vendor id of their own, so that no code collides with anybody
 * else's. None of them ever carries the M bit: an MME that does not know them works on (RFC 6733
 * 4.1; an own AVP with M would need a new application id, 1.3.4). The vendor id is configuration;
 * every function that needs it takes it as `own_vendor`.
 */
#ifndef BINDERY_CODEC_PRIVATE_H
#define BINDERY_CODEC_PRIVATE_H

/* Enterprise number reserved for documentation (RFC 5612): nobody else may deploy it, so it is the
 * one value that is safe as a default. An operator with a number of its own configures that. */
#define DIAMETER_VENDOR_OWN_DEFAULT 32473U

/* AVP codes, message members first. */
#define OWN_AVP_BINDING_CONTROL   1U /* AIA: what the HSS did to the vectors; the HSS nonce */
#define OWN_AVP_SERVED_IMEI       2U /* AIR: the device the MME knows it is serving, optional */
#define OWN_AVP_KME_PAYLOAD       3U /* ULR: the device's encrypted KME and its signature */
#define OWN_AVP_NW_SIGNATURE      4U /* ULA: proof for the device that the HSS took the KME */
#define OWN_AVP_BINDING_FAILURE   5U /* NOR: authentications that failed on the device's side */
#define OWN_AVP_DEVICE_PROOF      6U /* ULR: what the MME learnt of the device's IMEI */
#define OWN_AVP_DEVICE_CREDENTIAL 7U /* S13 ECA: what verifies a device's proof */
#define OWN_AVP_PROVISIONING_REQ  8U /* S13 ECR: container 6, as the device sent it */
#define OWN_AVP_PROVISIONING_RES  9U /* S13 ECA: container 7, for the device */
/* An ECR without it is a plain one: an MME that knows nothing of bindings never gets a chain of
 * certificates it has no use for. */
#define OWN_AVP_CREDENTIAL_REQUEST 10U /* S13 ECR: the credential of this use is wanted as well */
#define OWN_AVP_PROVISIONING_PLMN  11U /* S13 ECR, with 8: the serving PLMN, 3 octets */
/* Members of the groups above. */
#define OWN_AVP_BINDING_MODE           32U /* in Binding-Control: enum s6a_binding_mode */
#define OWN_AVP_HSS_NONCE              33U /* in Binding-Control: 16 octets, provisioning only */
#define OWN_AVP_BINDING_FAILURE_CAUSE  34U /* in Binding-Failure: enum s6a_binding_failure_cause */
#define OWN_AVP_BINDING_FAILURE_COUNT  35U /* in Binding-Failure: failures since the last NOR */
#define OWN_AVP_PROOF_CONTROL          36U /* in Binding-Control: enum s6a_proof_control */
#define OWN_AVP_PROOF_RESULT           37U /* in Device-Proof: enum s6a_proof_result */
#define OWN_AVP_PROOF_CAUSE            38U /* in Device-Proof, Device-Credential: a cause's name */
#define OWN_AVP_CREDENTIAL_FORM        39U /* in both: enum s6a_credential_form */
#define OWN_AVP_RECORD_SERIAL          40U /* in Device-Proof: of the record that was relied on */
#define OWN_AVP_CREDENTIAL_STATUS      41U /* in Device-Credential: enum s13_credential_status */
#define OWN_AVP_CREDENTIAL_CERTIFICATE 42U /* likewise: DER, the device's first, then its CAs */
#define OWN_AVP_CREDENTIAL_KEY         43U /* likewise: SubjectPublicKeyInfo in DER */
#define OWN_AVP_BINDING_RECORD         44U /* likewise: what the repository signed */
#define OWN_AVP_RECORD_SIGNATURE       45U /* likewise: r || s */
#define OWN_AVP_RECORD_SIGNER          46U /* likewise: SHA-256 of the signer's key */
#define OWN_AVP_CREDENTIAL_SOURCE      47U /* likewise: enum s13_credential_source */
#define OWN_AVP_CREDENTIAL_AGE         48U /* likewise: seconds since the repository said it */

/* Supported-Features {Vendor-Id own, Feature-List-ID 1}: the bits of its Feature-List. */
#define OWN_FEATURE_LIST_ID      1U
#define OWN_FEATURE_BINDING      0x00000001U /* sends Served-IMEI and Binding-Failure */
#define OWN_FEATURE_PROVISIONING 0x00000002U /* carries KME-Payload and NW-Signature */
#define OWN_FEATURE_DEVID        0x00000004U /* asks devices for proof, sends Device-Proof */

/* ---- NAS ---- */

/* One information element carries everything of ours: TLV-E, because its content passes 255 octets.
 * 7E is used by no message of TS 24.301 in Release 17 or 19, nor is any of its class but 78 to 7C;
 * and who does not know it skips it (TS 24.007 11.2.4, TS 24.301 7.6.1). */
#define NAS_IEI_BINDERY 0x7EU

/* EPS attach type "provisioning": the attach has no subscription behind it. 5 is unused in
 * TS 24.301 9.9.3.11, so a network that does not know it reads an ordinary attach; 5GS gives the
 * same number to onboarding (TS 24.501 9.11.3.7). */
#define NAS_PROVISIONING_ATTACH 5U

/* What stands in the element: type, version, then tags of one octet with a length of two, in the
 * order of their numbers. A new version is a new layout; what is not known is refused whole. */
#define NAS_CONTAINER_VERSION             1U
#define NAS_CONTAINER_DEVID_CHALLENGE     1U /* IDENTITY REQUEST (IMEI), secured */
#define NAS_CONTAINER_DEVID_PROOF         2U /* IDENTITY RESPONSE, secured */
#define NAS_CONTAINER_KME_COMMAND         3U /* IDENTITY REQUEST (IMEI), secured */
#define NAS_CONTAINER_KME_PAYLOAD         4U /* IDENTITY RESPONSE, secured; and in ULR */
#define NAS_CONTAINER_KME_RESULT          5U /* ATTACH REJECT #17, secured */
#define NAS_CONTAINER_PROVISIONING_REQ    6U /* ATTACH REQUEST of type 5; and in ECR */
#define NAS_CONTAINER_PROVISIONING_RESULT 7U /* ATTACH REJECT #17, unsecured; and in ECA */

/* Tags. One number means one thing in whatever container it stands; the order of the numbers is the
 * order on the wire, so that there is one way to write a container. */
#define NAS_TAG_NONCE              1U  /* the network's: 32 octets for devid, 16 for kme */
#define NAS_TAG_ALGORITHMS         2U  /* one octet each, NAS_SIGNATURE_*, best first */
#define NAS_TAG_IMSI               3U  /* 8 octets, the first digit in the low half, F-filled */
#define NAS_TAG_IMEI               4U  /* 14 ASCII digits, as they are signed */
#define NAS_TAG_ALGORITHM          5U  /* one of NAS_SIGNATURE_* */
#define NAS_TAG_SIGNATURE          6U  /* over what the procedure says */
#define NAS_TAG_LOT                7U  /* the lot id that names the manufacturer's modulus */
#define NAS_TAG_NONCE_1            8U  /* the operator's, 16 octets */
#define NAS_TAG_EXPIRY             9U  /* seconds since 1970, 8 octets */
#define NAS_TAG_CIPHERTEXT         10U /* RSAES-OAEP block, or the encrypted Ki and profile */
#define NAS_TAG_OPERATOR_SIGNATURE 11U
#define NAS_TAG_CERTIFICATE        12U /* DER, the signer first, one behind the other */
#define NAS_TAG_NW_SIGNATURE       13U /* SHA256(KME || RME) */
#define NAS_TAG_CERTIFICATE_URL    14U /* ASCII; an identifier, never fetched as given */
#define NAS_TAG_DEVICE_NONCE       15U /* 16 octets */
#define NAS_TAG_PROOF              16U /* optional: algorithm (1), signature over the request */

/* Signature algorithms. */
#define NAS_SIGNATURE_ECDSA_P256 1U /* with SHA-256, r || s */
#define NAS_SIGNATURE_ECDSA_P384 2U /* with SHA-384, r || s */
#define NAS_SIGNATURE_ED25519    3U
#define NAS_SIGNATURE_RSA_PSS    4U /* with SHA-256, salt of 32 octets */

#endif
