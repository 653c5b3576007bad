{# Samples side by side: what waits, and what they learn together; see lanes.py. #}
{% if _plan.lanes > 1 %}
// A lane whose sample is over waits for the others as it is.
template<class T> struct _Kept
{
    std::vector<T> values;

    void keep(const T* data, int64_t n, int64_t lane)
    {
        values.resize(n*_n_lanes);
        std::copy(data + lane*n, data + (lane + 1)*n, values.data() + lane*n);
    }

    void bring_back(T* data, int64_t n, int64_t lane)
    {
        std::copy(values.data() + lane*n, values.data() + (lane + 1)*n, data + lane*n);
    }
};
{% for its in _plan.changing if its.lanes > 1 %}
static _Kept<{{its.type}}> _kept_{{loop.index}};
{% endfor %}

static void _keep(int64_t lane)
{
    using namespace brian;
    {% for its in _plan.changing if its.lanes > 1 %}
    _kept_{{loop.index}}.keep({{its.start}}, {{its.length}}, lane);
    {% endfor %}
}

static void _bring_back(int64_t lane)
{
    using namespace brian;
    {% for its in _plan.changing if its.lanes > 1 %}
    _kept_{{loop.index}}.bring_back({{its.start}}, {{its.length}}, lane);
    {% endfor %}
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
        _spread(data, n);
    }
};
{% for its, bound in _plan.learned %}
static _Learned _learned_{{loop.index}};
{% endfor %}

static void _begin_round()
{
    using namespace brian;
    if (!_combine) return;
    {% for its, bound in _plan.learned %}
    _learned_{{loop.index}}.begin({{its.start}}, {{its.length}});
    {% endfor %}
}

static void _learn_together()
{
    using namespace brian;
    if (!_combine) return;
    {% for its, bound in _plan.learned %}
    _learned_{{loop.index}}.end({{its.start}}, {{its.length}}{{", 0.0, %s[0]" % bound.start if bound}});
    {% endfor %}
}
{% endif %}

// What was changed once for all.
static void _spread_shared()
{
    using namespace brian;
    {% for its in _plan.spread %}
    _spread({{its.start}}, {{its.length}});
    {% endfor %}
}

{% endif %}
