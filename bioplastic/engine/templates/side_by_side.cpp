{# Samples side by side: what waits, and what they learn together; see lanes.py. #}
{% if _plan.lanes > 1 %}
// A lane whose sample is over waits for the others as it is.
static std::vector<std::vector<char>> _kept;  // of each lane, what changes of it

static void _keep(int64_t lane)
{
    _kept.resize(_n_lanes);
    _kept[lane].clear();
    for (const _Variable& its : _variables)
        if (its.changes && its.own)
            _kept[lane].insert(_kept[lane].end(), its.of(lane), its.of(lane) + its.n_bytes());
}

static void _bring_back(int64_t lane)
{
    const char* kept = _kept[lane].data();
    for (const _Variable& its : _variables)
        if (its.changes && its.own)
        {
            std::memcpy(its.of(lane), kept, its.n_bytes());
            kept += its.n_bytes();
        }
}
{% if _plan.learned %}

// What the samples of a round changed is put together, and every lane goes on from there.
struct _Learned
{
    std::vector<double> before;

    void begin(const double* data, int64_t n) { before.assign(data, data + n); }

    // A value beyond its bounds, where normalisation may have lifted it, stays if nothing changed it.
    void end(double* data, int64_t n, double low=-INFINITY, double high=INFINITY)
    {
        int64_t number = 0;
        std::vector<double> change(n, 0.0);
        for (int64_t lane=0; lane<_n_lanes; lane++)
        {
            if (_row[lane] < 0) continue;
            number++;
            for (int64_t k=0; k<n; k++) change[k] += data[lane*n + k] - before[k];
        }
        const double share = _combine == 2 ? 1.0/number : 1.0;
        for (int64_t k=0; k<n; k++)
            data[k] = std::min(std::max(before[k] + share*change[k], std::min(low, before[k])),
                               std::max(high, before[k]));
        _spread((char*)data, n*sizeof(double));
    }
};
{% for its, bound in _plan.learned %}
static _Learned _learned_{{loop.index}};
{% endfor %}

static void _begin_round()
{
    if (!_combine) return;
    {% for its, bound in _plan.learned %}
    _learned_{{loop.index}}.begin({{its.array}}, {{its.length}});
    {% endfor %}
}

static void _learn_together()
{
    if (!_combine) return;
    {% for its, bound in _plan.learned %}
    _learned_{{loop.index}}.end({{its.array}}, {{its.length}}{{", 0.0, %s[0]" % bound.array if bound}});
    {% endfor %}
}
{% endif %}

// What was changed once for all.
static void _spread_shared()
{
    {% for its in _plan.spread %}
    _spread((char*){{its.array}}, ({{its.length}})*sizeof({{its.type}}));
    {% endfor %}
}

{% endif %}
