#pragma once
#include <cstdint>
#include "noise.h"

// What equations look up (functions.py), and where a slot stands.

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
