#pragma once
#include <cstdint>

// Samples side by side (lanes.py): what belongs to a lane lies behind what belongs to the one before.

// Bytes of a variable in one lane, and where they are kept while a lane waits for others.
struct _KeptArray { char *data, *kept; int64_t size; };

// Keep the lanes that end with this step, or bring back all that ended before the last.
static __global__ void _keep_lanes(const _KeptArray* arrays, int64_t n_arrays,
                                   const int64_t* lane_steps, int64_t n_lanes, int64_t step,
                                   bool bring_back)
{
    for (int64_t lane=blockIdx.x; lane<n_lanes; lane+=gridDim.x)
    {
        if (bring_back ? lane_steps[lane] >= step : lane_steps[lane] != step) continue;
        for (int64_t k=blockIdx.y; k<n_arrays; k+=gridDim.y)
        {
            const _KeptArray& array = arrays[k];
            char* data = array.data + lane*array.size;
            char* kept = array.kept + lane*array.size;
            for (int64_t byte=threadIdx.x; byte<array.size; byte+=blockDim.x)
                if (bring_back) data[byte] = kept[byte];
                else kept[byte] = data[byte];
        }
    }
}

// What the samples of a round changed is put together, lane by lane. A value beyond its bounds,
// where normalisation may have lifted it, stays if nothing changed it.
static __global__ void _put_together(double* data, const double* before, int64_t n,
                                     const int64_t* rows, int64_t n_lanes, bool mean,
                                     const double* bound)
{
    const double low = bound ? 0.0 : -INFINITY, high = bound ? *bound : INFINITY;
    for (int64_t k=_thread(); k<n; k+=_all_threads())
    {
        const double was = before[k];
        double change = 0.0;
        int64_t number = 0;
        for (int64_t lane=0; lane<n_lanes; lane++)
        {
            if (rows[lane] < 0) continue;
            number++;
            change += data[lane*n + k] - was;
        }
        const double share = mean ? 1.0/number : 1.0;
        const double is = fmin(fmax(was + share*change, fmin(low, was)), fmax(high, was));
        for (int64_t lane=0; lane<n_lanes; lane++) data[lane*n + k] = is;
    }
}

// What the first lane has, all have.
template<class T> static __global__ void _copy_to_lanes(T* data, int64_t n, int64_t n_lanes)
{
    for (int64_t k=_thread(); k<n*(n_lanes - 1); k+=_all_threads()) data[n + k] = data[k % n];
}

template<class T> static void _spread_on_device(T* data, int64_t n, int64_t n_lanes)
{
    _launch(_copy_to_lanes<T>, _blocks_for(n*(n_lanes - 1)), _block_size, data, n, n_lanes);
}
