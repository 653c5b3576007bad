#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

// Numbers that arrive at a variable of a population in the steps to come, as a ring of rows.
struct _Arrivals
{
    int64_t n_rows = 1, n_post = 0, now = 0;  // `now`: where the row of this step begins
    std::vector<double> ring;

    void prepare(int32_t n_delays, int64_t n)
    {
        n_post = n;
        if (n_delays > n_rows) n_rows = n_delays;
        ring.assign((size_t)(n_rows*n_post), 0.0);
    }

    void forget()
    {
        std::fill(ring.begin(), ring.end(), 0.0);
        now = 0;
    }

    // What arrives at neurons that are not `open` is lost.
    void arrive(double* variable, const char* open)
    {
        double* row = ring.data() + now;
        if (open) for (int64_t j=0; j<n_post; j++) row[j] = open[j] ? row[j] : 0.0;
        #pragma GCC ivdep
        for (int64_t j=0; j<n_post; j++)
        {
            variable[j] += row[j];
            row[j] = 0.0;
        }
        now += n_post;
        if (now == n_rows*n_post) now = 0;
    }
};

// Synapses as a list, ordered by neuron, delay and target: those of one neuron and one delay lie
// side by side, so that what falls due is found in the spikes of the last steps, without a queue.
struct _SynapseList
{
    int32_t n_delays = 1;                  // steps 0 .. n_delays - 1
    std::vector<int32_t> first;            // of neuron i and delay d: first[i*n_delays + d]
    std::vector<std::vector<int32_t>> fired;  // spikes of the last steps, as a ring
    std::vector<int32_t> place;            // of a synapse in the rows of what arrives
    std::vector<int32_t> leader;           // first synapse of the same neuron and delay
    int64_t now = 0;

    void prepare(const int32_t* pre, const int32_t* post, const double* delay, size_t n, double dt,
                 int64_t n_pre, int64_t n_post, _Arrivals* arrivals)
    {
        std::vector<int32_t> steps(n);
        for (size_t k=0; k<n; k++) steps[k] = (int32_t)(delay[k]/dt + 0.5);
        for (size_t k=0; k<n; k++) n_delays = std::max(n_delays, steps[k] + 1);
        first.assign((size_t)n_pre*n_delays + 1, 0);
        for (size_t k=0; k<n; k++) first[(size_t)pre[k]*n_delays + steps[k] + 1]++;
        for (size_t k=1; k<first.size(); k++) first[k] += first[k - 1];
        fired.resize(n_delays);
        if (arrivals)
        {
            place.resize(n);
            for (size_t k=0; k<n; k++) place[k] = (int32_t)(steps[k]*n_post + post[k]);
            arrivals->prepare(n_delays, n_post);
        }
    }

    void find_leaders()
    {
        leader.resize(first.back());
        for (size_t g=1; g<first.size(); g++)
            std::fill(leader.begin() + first[g - 1], leader.begin() + first[g], first[g - 1]);
    }

    void forget()
    {
        for (auto& spikes : fired) spikes.clear();
        now = 0;
    }

    void push(const int32_t* spikes, int32_t number)
    {
        fired[now % n_delays].assign(spikes, spikes + number);
    }
};

// Synapses of a list by the neuron whose spikes another pathway takes, and by its delay.
struct _Pathway
{
    int32_t n_delays = 1;
    std::vector<int32_t> first, synapses;  // of neuron i and delay d: from first[i*n_delays + d]
    std::vector<std::vector<int32_t>> fired;
    int64_t now = 0;

    void prepare(const int32_t* neuron, const double* delay, size_t n, double dt, int64_t n_neurons)
    {
        std::vector<int32_t> steps(n, 0);
        if (delay) for (size_t k=0; k<n; k++) steps[k] = (int32_t)(delay[k]/dt + 0.5);
        for (size_t k=0; k<n; k++) n_delays = std::max(n_delays, steps[k] + 1);
        first.assign((size_t)n_neurons*n_delays + 1, 0);
        for (size_t k=0; k<n; k++) first[(size_t)neuron[k]*n_delays + steps[k] + 1]++;
        for (size_t k=1; k<first.size(); k++) first[k] += first[k - 1];
        std::vector<int32_t> next(first);
        synapses.resize(n);
        for (size_t k=0; k<n; k++) synapses[next[(size_t)neuron[k]*n_delays + steps[k]]++] = (int32_t)k;
        fired.resize(n_delays);
    }

    void forget()
    {
        for (auto& spikes : fired) spikes.clear();
        now = 0;
    }

    // Acts on the synapses that spikes of the last steps reach now, those of the oldest last.
    template<class F> void deliver(const int32_t* spikes, int32_t number, F act)
    {
        fired[now % n_delays].assign(spikes, spikes + number);
        const int64_t oldest = std::min(now, (int64_t)n_delays - 1);
        for (int64_t delay=0; delay<=oldest; delay++)
            for (const int32_t i : fired[(now - delay) % n_delays])
            {
                const int32_t* range = &first[(size_t)i*n_delays + delay];
                for (int32_t k=range[0]; k<range[1]; k++) act(synapses[k]);
            }
        now++;
    }
};
