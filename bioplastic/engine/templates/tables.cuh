#pragma once
#include <cstdint>

// What equations look up (functions.py), where a slot stands, and random numbers that follow from it.

static __constant__ double* _dev_stimulus_values;
static __constant__ double* _dev_sample_keys_values;
static __constant__ double* _dev_target_values;
static __constant__ double* _dev_target_signal_values;
static __constant__ double* _dev_first_rows_values;
static __constant__ double* _dev_slot_steps_values;
static __constant__ int64_t _dev_uniform_key[2];

#define _set_numbers(table, numbers) \
    do { \
        double* data = _copied(numbers); \
        _set_on_device(table, data); \
    } while (0)

// Of a file, with room for `more`.
#define _set_table(table, file, n, more) \
    do { \
        std::vector<double> numbers((n) + (more), 0.0); \
        _read(_folder + file, numbers.data(), n); \
        _set_numbers(table, numbers); \
    } while (0)

struct _Moment
{
    const double *sample_key, *repeats;  // of each lane
    int64_t step;                        // -1 before the first
};
static __device__ _Moment _now;

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

static __global__ void _end_steps() { _now.step++; }

// What draws: the number of its code, and how many elements of it there are in a lane.
struct _Drawing { uint32_t code; int64_t n; };

// rand() of the equations
static __device__ double _rand_of(_Drawing of, int64_t idx, int32_t draw)
{
    const int64_t lane = idx < 0 ? 0 : idx/of.n;
    return _philox((uint32_t)_dev_uniform_key[0] ^ of.code, ~(uint32_t)_dev_uniform_key[1],
                   _now.sample_key[lane], _now.repeats[lane], (int32_t)(idx - lane*of.n),
                   (double)((_now.step + 1)*1024 + draw));
}

// Box & Muller (1958), doi 10.1214/aoms/1177706645
static __device__ double _randn_of(_Drawing of, int64_t idx, int32_t draw)
{
    const double radius = sqrt(-2.0*log(_rand_of(of, idx, draw)));
    return radius*cospi(2.0*_rand_of(of, idx, draw + 1));
}

// Sums of numbers with a small mean, each found by inversion.
static __device__ int32_t _poisson_of(_Drawing of, int64_t idx, int32_t* draw, double mean)
{
    int32_t number = 0;
    for (double left=mean; left>0.0; left-=16.0)
    {
        const double part = left < 16.0 ? left : 16.0, u = _rand_of(of, idx, (*draw)++);
        double p = exp(-part), sum = p;
        for (int32_t k=1; u > sum && k < 200; k++, number++) sum += p *= part/k;
    }
    return number;
}
