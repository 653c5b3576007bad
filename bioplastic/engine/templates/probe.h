#pragma once
#include "run.h"

// A variable that is looked at on the way: some elements of it, after every so many steps of a slot
// (0: after the last one), or after chosen steps of rows (-1).
struct _Look
{
    size_t variable;
    int64_t every;
    std::vector<int32_t> chosen;
    FILE* file;
    std::vector<int64_t> next;              // of each lane, the step after which it is looked at
    std::vector<std::vector<double>> seen;  // of each lane, in this slot
};

struct _Probe
{
    static constexpr int64_t never = INT64_MAX;
    std::vector<_Look> looks;
    std::vector<int64_t> points;  // row and step, by turns
    std::vector<int64_t> next;    // of each lane, the step after which anything is looked at
    std::vector<int64_t> length;  // of each lane, steps of its slot
    std::vector<size_t> at;       // of each lane, its next point

    void open(const std::vector<_Variable>& variables, int64_t n_lanes)
    {
        *this = _Probe();  // of the chunk before
        next.assign(n_lanes, never);
        length.assign(n_lanes, 0);
        at.assign(n_lanes, 0);
        if (!_find("probe.points")) return;
        _read_all("probe.points", points);
        for (size_t k=0; k<variables.size(); k++)
        {
            const _Name name("probe.%d", variables[k].array);
            if (!_find(name)) continue;
            std::vector<int32_t> given;
            _read_all(name, given);
            FILE* file = _open(_Name("%d.probed.%d", (int)_thread_number, variables[k].array).text, "wb");
            looks.push_back({k, given[0], {given.begin() + 1, given.end()}, file});
            looks.back().next.assign(n_lanes, never);
            looks.back().seen.resize(n_lanes);
        }
    }

    void close()
    {
        for (_Look& look : looks) _close(look.file);
    }

    int64_t step_of_point(int64_t lane, int64_t row) const
    {
        const size_t place = 2*at[lane];
        return place < points.size() && points[place] == row ? points[place + 1] : never;
    }

    // Points are sorted, and a row that comes again meets its own again.
    size_t first_of(int64_t row) const
    {
        size_t first = 0, end = points.size()/2;
        while (first < end)
        {
            const size_t middle = (first + end)/2;
            if (points[2*middle] < row) first = middle + 1;
            else end = middle;
        }
        return first;
    }

    void plan(int64_t lane, _Look& look, int64_t step, int64_t row)
    {
        int64_t due = look.every < 0 ? step_of_point(lane, row)
                    : look.every ? step + look.every : step < 0 ? length[lane] - 1 : never;
        if (due < 0 || due >= length[lane]) due = never;
        look.next[lane] = due;
        next[lane] = std::min(next[lane], due);
    }

    void begin_slot(int64_t lane, int64_t row, int64_t n_steps)
    {
        if (looks.empty()) return;
        length[lane] = n_steps;
        at[lane] = first_of(row);
        next[lane] = never;
        for (_Look& look : looks) plan(lane, look, -1, row);
    }

    bool is_due(int64_t lane, size_t variable) const
    {
        for (const _Look& look : looks)
            if (look.variable == variable && look.next[lane] == next[lane]) return true;
        return false;
    }

    _HOT void look(const std::vector<_Variable>& variables, int64_t lane, int64_t row)
    {
        const int64_t step = next[lane];
        next[lane] = never;
        if (step_of_point(lane, row) == step) at[lane]++;
        for (_Look& look : looks)
            if (look.next[lane] == step)
            {
                variables[look.variable].add_numbers(lane, look.chosen, look.seen[lane]);
                plan(lane, look, step, row);
            }
            else next[lane] = std::min(next[lane], look.next[lane]);
    }

    // What a lane has seen comes behind that of earlier slots.
    void end_slot(int64_t lane)
    {
        for (_Look& look : looks)
        {
            _write(look.file, look.seen[lane].data(), look.seen[lane].size()*sizeof(double));
            look.seen[lane].clear();
        }
    }
};
