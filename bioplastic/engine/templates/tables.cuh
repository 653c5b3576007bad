#pragma once
#include <cstdint>
#include "noise.h"

// What kernels read without being given it: sizes, what equations look up, where a slot stands; and
// what is fetched from them.

static std::vector<char*> _mirrors;  // of variables: where the GPU has them, 0 where it has none

static void _fetch(const _Variable& its, const char* mirror)
{
    if (mirror) _to_host(its.data, mirror, (its.own ? _n_lanes : 1)*its.n_bytes());
}

#define _set_size(name) \
    do { \
        const int32_t size = (int32_t)name; \
        _set_on_device(_gpu::name, size); \
    } while (0)

#define _set_table(name, n) \
    do { \
        const double* table = _copied(name, n); \
        _set_on_device(_gpu::name, table); \
    } while (0)

static __global__ void _begin_slot(_Moment moment, int64_t* timestep, double* t)
{
    _now = moment;
    timestep[0] = 0;
    t[0] = 0.0;
}

static __global__ void _begin_step(int64_t* timestep, double* t, const double* dt)
{
    const int64_t step = ++_now.step;
    timestep[0] = step;
    t[0] = step*dt[0];
}

static __global__ void _end_steps() { _now.step = -1; }
