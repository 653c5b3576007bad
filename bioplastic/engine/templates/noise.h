#pragma once
#include <cmath>
#include <cstdint>
#include "philox.h"

// Random numbers of equations (noise.py): what they follow from, and the functions.
struct _Moment
{
    const double *sample_key, *repeats;  // of each lane
    int64_t step;                        // -1 at a slot's edges
    uint32_t key[2];                     // the seed
};

#ifndef _OWN
#define _OWN static
#endif
#if defined(__CUDACC__)
#define _NOISE static __device__
#define _NOISE_ALONE static __device__
static __device__ _Moment _now;
#else
#define _NOISE static inline
// Not in vectors, whose logarithms end in other digits than those of the elements that remain.
#define _NOISE_ALONE static __attribute__((noinline))
_OWN _Moment _now;
#endif

// Of an element of `n` in a lane; 0: there is one lane; -1: all elements share the number.
_NOISE double _uniform_at(uint32_t place, uint32_t other, int64_t n, int64_t idx, uint32_t more)
{
    const int64_t lane = n > 0 ? idx/n : 0;
    const int64_t element = n > 0 ? idx - lane*n : n == 0 ? idx : 0;
    return _philox(_now.key[0] ^ place, (~_now.key[1] ^ other) + more, _now.sample_key[lane],
                   _now.repeats[lane], (int32_t)element, (double)(_now.step + 1));
}

_NOISE double _uniform_of(uint32_t place, uint32_t other, int64_t n, int64_t idx)
{
    return _uniform_at(place, other, n, idx, 0);
}

// Box & Muller (1958), doi 10.1214/aoms/1177706645
_NOISE_ALONE double _normal_of(uint32_t place, uint32_t other, int64_t n, int64_t idx)
{
    const double radius = sqrt(-2.0*log(_uniform_at(place, other, n, idx, 0)));
    return radius*cos(6.283185307179586*_uniform_at(place, other, n, idx, 1));
}

// Sums of numbers with a small mean, each found by inversion; normal above a mean of 1e5.
_NOISE_ALONE int32_t _poisson_of(uint32_t place, uint32_t other, int64_t n, double mean, int64_t idx)
{
    if (mean > 1e5)
    {
        if (mean > 2147483647.0) mean = 2147483647.0;
        const double drawn = floor(mean + sqrt(mean)*_normal_of(place, other, n, idx) + 0.5);
        return drawn < 0.0 ? 0 : drawn > 2147483647.0 ? 2147483647 : (int32_t)drawn;
    }
    int32_t number = 0;
    uint32_t more = 0;
    for (double left=mean; left>0.0; left-=16.0)
    {
        const double part = left < 16.0 ? left : 16.0;
        const double u = _uniform_at(place, other, n, idx, more++);
        double p = exp(-part), sum = p;
        for (int32_t k=1; u > sum && k < 200; k++, number++) sum += p *= part/k;
    }
    return number;
}
