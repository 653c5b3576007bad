#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

// Numbers that arrive at a variable in the steps to come, as a ring of rows of whole numbers: sums
// of these do not depend on the order in which spikes are met. The unit is as small as the largest
// number allows, and is chosen anew in every slot.
struct _Arrivals
{
    int64_t n_rows = 1, n_post = 0, most = 1;  // `most` synapses meet at one neuron
    std::vector<int32_t> n_incoming;
    unsigned long long* ring = 0;
    unsigned long long* largest = 0;           // bits of the largest number of this slot
    double* scale = 0;                         // units in 1, and 1/that

    void prepare(int32_t n_delays, int64_t n_post_, const int32_t* post, int64_t n)
    {
        n_post = n_post_;
        n_rows = std::max<int64_t>(n_rows, n_delays);
        n_incoming.resize(n_post);
        for (int64_t k=0; k<n; k++) n_incoming[post[k]]++;
        for (const int32_t count : n_incoming) most = std::max<int64_t>(most, count);
    }

    void forget()
    {
        if (!ring)
        {
            ring = _allocate<unsigned long long>(n_rows*n_post);
            largest = _allocate<unsigned long long>(1);
            scale = _allocate<double>(2);
        }
        _clear(ring, n_rows*n_post);
        _clear(largest, 1);
    }

    void choose_scale();
    void arrive(double* variable, const char* open);
};

static __device__ void _measure(unsigned long long* largest, double number)
{
    const unsigned long long bits = (unsigned long long)__double_as_longlong(fabs(number));
    if (bits > *(volatile unsigned long long*)largest) atomicMax(largest, bits);
}

static __device__ void _add_arrival(unsigned long long* at, double number, double scale)
{
    atomicAdd(at, (unsigned long long)(long long)rint(number*scale));
}

static __global__ void _choose_scale(const unsigned long long* largest, double* scale, double most)
{
    int exponent = 0;
    const double bound = __longlong_as_double((long long)*largest)*most;
    if (!isfinite(bound))  // shows in what arrives, as it would in a sum
    {
        scale[0] = 1.0;
        scale[1] = bound;
        return;
    }
    frexp(bound, &exponent);
    exponent = max(exponent, -900);
    scale[0] = ldexp(1.0, 62 - exponent);
    scale[1] = ldexp(1.0, exponent - 62);
}

static __global__ void _arrive_at(double* variable, const char* open, unsigned long long* ring,
                                  const double* scale, int64_t n_rows, int64_t n_post)
{
    unsigned long long* row = ring + (_now.step % n_rows)*n_post;
    for (int64_t j=_thread(); j<n_post; j+=_all_threads())
    {
        if (!open || open[j]) variable[j] += (double)(long long)row[j]*scale[1];
        row[j] = 0;
    }
}

inline void _Arrivals::choose_scale()
{
    _launch(_choose_scale, dim3(1), 1, largest, scale, (double)most);
}

inline void _Arrivals::arrive(double* variable, const char* open)
{
    _launch(_arrive_at, _blocks_for(n_post), _block_size, variable, open, ring, scale, n_rows, n_post);
}

// Synapses as a list, ordered by neuron, delay and target (synapse_list.h). What a spike adds to a
// neuron is noted with the synapse and gathered by the neuron, in the order of its synapses.
struct _SynapseList
{
    int32_t n_delays = 1;  // steps 0 .. n_delays - 1
    int64_t n = 0, n_pre = 0, n_post = 0;
    int32_t *first = 0, *place = 0;              // as in synapse_list.h
    int32_t *incoming = 0, *first_incoming = 0;
    int32_t* first_of_pre = 0;                   // of neuron i, whatever the delay
    int32_t *fired = 0, *n_fired = 0;            // spikes of the last steps, as a ring of rows
    int32_t* due = 0;                            // 1 + the step in which a spike came last
    double* added = 0;                           // what it adds, variable by variable

    void prepare(const int32_t* pre, const int32_t* post, const double* delay, int64_t n_, double dt,
                 int64_t n_pre_, int64_t n_post_, _Arrivals* arrivals)
    {
        n = n_; n_pre = n_pre_; n_post = n_post_;
        std::vector<int32_t> steps(n), own_place(n), own_incoming(n);
        for (int64_t k=0; k<n; k++) steps[k] = (int32_t)(delay[k]/dt + 0.5);
        for (int64_t k=0; k<n; k++) n_delays = std::max(n_delays, steps[k] + 1);
        if (n_delays*n_post > INT32_MAX || n_pre*n_delays > INT32_MAX)
            _fail("too many lanes for so long delays");
        std::vector<int32_t> own_first((size_t)n_pre*n_delays + 1, 0), of_post(n_post + 1, 0);
        for (int64_t k=0; k<n; k++) own_first[(size_t)pre[k]*n_delays + steps[k] + 1]++;
        for (size_t k=1; k<own_first.size(); k++) own_first[k] += own_first[k - 1];
        for (int64_t k=0; k<n; k++) own_place[k] = (int32_t)(steps[k]*n_post + post[k]);
        for (int64_t k=0; k<n; k++) of_post[post[k] + 1]++;
        for (int64_t k=0; k<n_post; k++) of_post[k + 1] += of_post[k];
        std::vector<int32_t> next(of_post);
        for (int64_t k=0; k<n; k++) own_incoming[next[post[k]]++] = (int32_t)k;
        std::vector<int32_t> of_pre(n_pre + 1);
        for (int64_t k=0; k<=n_pre; k++) of_pre[k] = own_first[k*n_delays];
        first = _copied(own_first);
        first_of_pre = _copied(of_pre);
        first_incoming = _copied(of_post);
        incoming = _copied(own_incoming);
        if (arrivals)
        {
            place = _copied(own_place);
            arrivals->prepare(n_delays, n_post, post, n);
        }
        else
        {
            fired = _allocate<int32_t>((size_t)n_delays*n_pre);
            n_fired = _allocate<int32_t>(n_delays);
        }
        _wait();
    }

    void note_additions(int n_variables)
    {
        due = _allocate<int32_t>(n);
        added = _allocate<double>(n*n_variables);
    }

    void forget() { if (due) _clear(due, n); }

    void push(const int32_t* spikes, int64_t end);
    template<class T> void gather(T* variable, int64_t number);
};

static __global__ void _push(const int32_t* spikes, int64_t end, int32_t* fired, int32_t* n_fired,
                             int32_t n_delays, int64_t n_pre)
{
    const int64_t row = _now.step % n_delays;
    for (int64_t k=_thread(); k<spikes[end]; k+=_all_threads()) fired[row*n_pre + k] = spikes[k];
    if (_thread() == 0) n_fired[row] = spikes[end];
}

// A block for each neuron; its threads add up in an order that is always the same.
template<class T>
static __global__ void _gather(T* variable, const int32_t* first_incoming, const int32_t* incoming,
                               const int32_t* due, const double* added, int64_t n_post)
{
    __shared__ double sums[_block_size];
    const int32_t mark = (int32_t)_now.step + 1;
    for (int64_t j=blockIdx.x; j<n_post; j+=gridDim.x)
    {
        double sum = 0.0;
        for (int32_t k=first_incoming[j] + threadIdx.x; k<first_incoming[j + 1]; k+=blockDim.x)
            if (due[incoming[k]] == mark) sum += added[incoming[k]];
        sums[threadIdx.x] = sum;
        __syncthreads();
        for (int half=_block_size/2; half>0; half/=2)
        {
            if (threadIdx.x < half) sums[threadIdx.x] += sums[threadIdx.x + half];
            __syncthreads();
        }
        if (threadIdx.x == 0) variable[j] += (T)sums[0];
        __syncthreads();
    }
}

inline void _SynapseList::push(const int32_t* spikes, int64_t end)
{
    _launch(_push, _up_to(n_pre/_block_size + 1, 16), _block_size, spikes, end, fired, n_fired,
            n_delays, n_pre);
}

// Synapses of a list by the neuron whose spikes another pathway takes, and by its delay.
struct _Pathway
{
    int32_t n_delays = 1;
    int64_t n_pre = 0;                 // neurons whose spikes it takes
    int32_t *first = 0, *synapses = 0;
    int32_t *fired = 0, *n_fired = 0;  // as of a list

    void prepare(const int32_t* neuron, const double* delay, int64_t n, double dt, int64_t n_neurons)
    {
        n_pre = n_neurons;
        std::vector<int32_t> steps(n, 0), sorted(n);
        if (delay) for (int64_t k=0; k<n; k++) steps[k] = (int32_t)(delay[k]/dt + 0.5);
        for (int64_t k=0; k<n; k++) n_delays = std::max(n_delays, steps[k] + 1);
        if (n_pre*n_delays > INT32_MAX) _fail("too many lanes for so long delays");
        std::vector<int32_t> own_first((size_t)n_pre*n_delays + 1, 0);
        for (int64_t k=0; k<n; k++) own_first[(size_t)neuron[k]*n_delays + steps[k] + 1]++;
        for (size_t k=1; k<own_first.size(); k++) own_first[k] += own_first[k - 1];
        std::vector<int32_t> next(own_first);
        for (int64_t k=0; k<n; k++) sorted[next[(size_t)neuron[k]*n_delays + steps[k]]++] = (int32_t)k;
        first = _copied(own_first);
        synapses = _copied(sorted);
        fired = _allocate<int32_t>((size_t)n_delays*n_pre);
        n_fired = _allocate<int32_t>(n_delays);
        _wait();
    }

    void forget() {}

    void push(const int32_t* spikes, int64_t end)
    {
        _launch(_push, _up_to(n_pre/_block_size + 1, 16), _block_size, spikes, end, fired, n_fired,
                n_delays, n_pre);
    }
};

template<class T> inline void _SynapseList::gather(T* variable, int64_t number)
{
    _launch(_gather<T>, _up_to(n_post, 8192), _block_size, variable, first_incoming, incoming, due,
            added + number*n, n_post);
}
