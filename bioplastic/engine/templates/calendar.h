#pragma once
#include <algorithm>
#include <cstdint>
#include <vector>

// Neurons that fire when their time has come, by the steps in which that is: nobody has to look at
// those that wait. What it fires is what `t > time` would.
struct _Calendar
{
    std::vector<std::vector<int32_t>> due;

    void book(int32_t neuron, double time, double dt, int64_t earliest)
    {
        if (!(time < due.size()*dt)) return;  // not in this slot
        int64_t step = std::max((int64_t)(time/dt), earliest);
        while (!(step*dt > time)) step++;
        while (step > earliest && (step - 1)*dt > time) step--;
        if (step < (int64_t)due.size()) due[step].push_back(neuron);
    }

    void begin_slot(const double* times, int32_t n, double dt, int64_t n_steps)
    {
        if ((int64_t)due.size() != n_steps) due.resize(n_steps);
        for (auto& neurons : due) neurons.clear();
        for (int32_t neuron=0; neuron<n; neuron++) book(neuron, times[neuron], dt, 0);
    }

    void fire(int32_t* spikes, int32_t n, int64_t step)
    {
        auto& neurons = due[step];
        std::sort(neurons.begin(), neurons.end());
        std::copy(neurons.begin(), neurons.end(), spikes);
        spikes[n] = (int32_t)neurons.size();
    }

    // After a reset, which has set another time.
    void book_again(const int32_t* spikes, const double* times, int32_t n, double dt, int64_t step)
    {
        for (int32_t k=0; k<spikes[n]; k++) book(spikes[k], times[spikes[k]], dt, step + 1);
    }
};
