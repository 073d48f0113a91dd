/* Polynomials of the lane kernels, highest power first. Made by tools/fit_lane_constants.py. */
#ifndef STRIKEWIRE_LANE_CONSTANTS_H
#define STRIKEWIRE_LANE_CONSTANTS_H

/* erfcx(z) (z + 4) = E(q^2) + q O(q^2), q = 1 - 7.5 / (z + 4), for z >= -0.25 */
/* E */
#define ERFCX_EVEN_HIGHEST 0x1.1b9eb4facb3cep-28
#define ERFCX_EVEN_OTHERS(NEXT) \
    NEXT(-0x1.9f9ea4cda8f9fp-25) \
    NEXT(0x1.6c3c7310bfdd6p-22) \
    NEXT(-0x1.fb25d9e809434p-20) \
    NEXT(0x1.d6085d573e2bfp-18) \
    NEXT(0x1.05dfdb87764efp-15) \
    NEXT(-0x1.23f3e39b062ebp-10) \
    NEXT(0x1.536b5caad8ae8p-7) \
    NEXT(0x1.0dd5b41800122p-3) \
    NEXT(0x1.054bed68cc5ffp-1) \
    NEXT(0x1.03727934d5213p+0) \
    NEXT(0x1.2a29f006dfa83p+0)

/* O */
#define ERFCX_ODD_HIGHEST 0x1.9aee3c1511ccap-31
#define ERFCX_ODD_OTHERS(NEXT) \
    NEXT(-0x1.3ec3c46837ce2p-27) \
    NEXT(0x1.4f5bc8c9109cap-24) \
    NEXT(-0x1.619640f3d50b6p-21) \
    NEXT(0x1.8ddf659ab0e15p-18) \
    NEXT(-0x1.b3a3e5210d978p-15) \
    NEXT(0x1.7058bcbf22f51p-12) \
    NEXT(0x1.ebc243c4dcd94p-14) \
    NEXT(-0x1.7db3c0f6b08d5p-5) \
    NEXT(-0x1.24df8ba8ff550p-2) \
    NEXT(-0x1.8bfeead4a2d56p-1) \
    NEXT(-0x1.28e54cba6cc65p+0)

/* exp(r) for abs(r) <= ln(2) / 2 */
#define EXP_HIGHEST 0x1.af786c30b3c3cp-26
#define EXP_OTHERS(NEXT) \
    NEXT(0x1.28b410d73d492p-22) \
    NEXT(0x1.71dde761afc1bp-19) \
    NEXT(0x1.a01991a02d38fp-16) \
    NEXT(0x1.a01a01b80612dp-13) \
    NEXT(0x1.6c16c18800884p-10) \
    NEXT(0x1.111111110db6ap-7) \
    NEXT(0x1.555555554f0b8p-5) \
    NEXT(0x1.5555555555562p-3) \
    NEXT(0x1.0000000000011p-1) \
    NEXT(0x1.0000000000000p+0) \
    NEXT(0x1.0000000000000p+0)

/* R in ln((1 + f) / (1 - f)) = 2 f + f^3 R(f^2) */
#define LOG_HIGHEST 0x1.e6b709fe6d207p-4
#define LOG_OTHERS(NEXT) \
    NEXT(0x1.debe03dc860cep-4) \
    NEXT(0x1.111d2c55ed62ep-3) \
    NEXT(0x1.3b137b147044fp-3) \
    NEXT(0x1.745d17d3c2cacp-3) \
    NEXT(0x1.c71c71c64bb9cp-3) \
    NEXT(0x1.249249249295fp-2) \
    NEXT(0x1.9999999999998p-2) \
    NEXT(0x1.5555555555555p-1)

#endif
