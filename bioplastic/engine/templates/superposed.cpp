{# Synapses that follow from a few of them: see superposition.py and superposition.h. #}
{% for all in _plan.superposed %}
{% macro superposed(v) %}{% if v in all.how.sums %}{{v}} + {% endif %}{% for k in all.how.sources[v] %}{{" + " if not loop.first}}from_{{k}}_{{v}}[j]*{{k}}{% endfor %}{% endmacro %}
{% macro pointers(first) %}
    {% for v in all.variables %}
    {% set v_number = loop.index0 %}
    {% for k in all.how.sources[v] %}
    const double* __restrict from_{{k}}_{{v}} = all.of({{first}} + {{all.how.states.index(k)}}, {{v_number}});
    {% endfor %}
    {% endfor %}
{% endmacro %}
// Bring the older sources of {{all.name}} forward by the span.
static void _end_span_{{all.name}}()
{
    auto& all = _superposition_{{all.name}};
    if (!all.in_span) return;
    {{pointers(0)}}
    for (int64_t source=all.n_states; source<all.fresh; source++)
    {
        {% for v in all.variables %}
        double* __restrict {{v}}_ = all.of(source, {{loop.index0}});
        {% endfor %}
        #pragma GCC ivdep
        for (int64_t j=0; j<{{all.n_post}}; j++)
        {
            {% for v in all.variables %}
            const double {{v}} = {{v}}_[j];
            {% endfor %}
            {% for v in all.variables %}
            {{v}}_[j] = {{superposed(v)}};
            {% endfor %}
        }
    }
    all.begin_span();
}

// Bring synapses up to date: what each was when the block began, and the spikes that reached it.
{% for what, names in (("", all.variables), ("_sums", all.how.sums)) %}
static void _superpose{{what}}_{{all.name}}()
{
    auto& all = _superposition_{{all.name}};
    const int64_t n = {{all.n_post}}, n_tiles = all.n_tiles();
    all.find_live({{all.how.states|length if what else 0}});
    {{pointers("all.n_states")}}
    for (int64_t i=0; i<{{all.n_pre}}; i++)
    {
        const auto& events = all.events[i];
        if (!all.awake[i] && events.empty()) continue;
        {% for v in all.variables %}
        double* __restrict {{v}}_ = {{all.arrays[v]}} + i*n;
        {% endfor %}
        if (all.awake[i])
        {
            #pragma GCC ivdep
            for (int64_t j=0; j<n; j++)
            {
                {% for v in all.variables %}
                const double {{v}} = {{v}}_[j];
                {% endfor %}
                {% for v in names %}
                {{v}}_[j] = {{superposed(v)}};
                {% endfor %}
            }
        }
        for (const auto& event : events)
        {
            const double amount = event.amount;
            {% for v in names if v in all.how.reached %}
            const double* __restrict from_{{v}} = all.of(event.source, {{all.variables.index(v)}});
            {% endfor %}
            const char* live = &all.live[event.source*n_tiles];
            for (int64_t tile=0; tile<n_tiles; tile++)
            {
                if (!live[tile]) continue;
                const int64_t first = tile*_Superposition::tile;
                const int64_t end = first + _Superposition::tile < n ? first + _Superposition::tile : n;
                #pragma GCC ivdep
                for (int64_t j=first; j<end; j++)
                {
                    {% for v in names if v in all.how.reached %}
                    {{v}}_[j] += amount*from_{{v}}[j];
                    {% endfor %}
                }
            }
        }
    }
}
{% endfor %}

// States are forgotten when a slot begins: what the last block left of them matters to nobody,
// unless the run ends there.
static void _end_block_{{all.name}}(bool states)
{
    auto& all = _superposition_{{all.name}};
    _end_span_{{all.name}}();
    if (states) _superpose_{{all.name}}();
    else _superpose_sums_{{all.name}}();
    all.dirty |= states;
    for (size_t i=0; i<all.events.size(); i++) if (!all.events[i].empty()) all.awake[i] = 1;
    all.begin_block();
}
{% endfor %}
