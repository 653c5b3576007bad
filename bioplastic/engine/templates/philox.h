#pragma once
#include <cstdint>

#if defined(__CUDACC__)
#define _ON_ANY_DEVICE __host__ __device__
#else
#define _ON_ANY_DEVICE
#endif

// Philox4x32-10: a uniform number in (0, 1) as a pure function of key and counter (functions.py).
static inline _ON_ANY_DEVICE double _philox(
    uint32_t k0, uint32_t k1, double sample, double repeat, int32_t neuron, double draw)
{
    const uint64_t sample_bits = (uint64_t)(int64_t)sample;
    uint32_t c0 = (uint32_t)neuron, c1 = (uint32_t)(int64_t)draw;
    uint32_t c2 = (uint32_t)sample_bits;
    uint32_t c3 = (uint32_t)(sample_bits >> 32) ^ ((uint32_t)(int64_t)repeat << 24);
    for (int round = 0; round < 10; round++)
    {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1; c3 = (uint32_t)p0; c0 = n0; c2 = n2;
        k0 += 0x9E3779B9u; k1 += 0xBB67AE85u;
    }
    return ((double)((((uint64_t)c0 << 32) | c1) >> 12) + 0.5) * (1.0 / 4503599627370496.0);
}
