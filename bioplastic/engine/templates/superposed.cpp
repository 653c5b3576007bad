{# Bodies of functions for synapses that follow from a few of them, of the projection `all`: see
   superposition.py and superposition.h. #}
{% set _how = all.how %}
{% macro _superposed(v) %}{% if v in _how.sums %}{{v}} + {% endif %}{% for k in _how.sources[v] %}{{" + " if not loop.first}}from_{{k}}_{{v}}[j]*{{k}}{% endfor %}{% endmacro %}
{% macro _pointers(first) %}
    {% for v in all.variables %}
    {% set v_number = loop.index0 %}
    {% for k in _how.sources[v] %}
    const double* __restrict from_{{k}}_{{v}} = all.of({{first}} + {{_how.states.index(k)}}, {{v_number}});
    {% endfor %}
    {% endfor %}
{% endmacro %}
{% macro end_span() %}
    // Bring the older sources forward by the span.
    auto& all = _superposition_{{all.name}};
    if (!all.in_span) return;
    const int64_t n = {{all.n_post}};
    {{_pointers(0)}}
    for (int64_t source=all.n_states; source<all.fresh; source++)
    {
        {% for v in all.variables %}
        double* __restrict {{v}}_ = all.of(source, {{loop.index0}});
        {% endfor %}
        #pragma GCC ivdep
        for (int64_t j=0; j<n; j++)
        {
            {% for v in all.variables %}
            const double {{v}} = {{v}}_[j];
            {% endfor %}
            {% for v in all.variables %}
            {{v}}_[j] = {{_superposed(v)}};
            {% endfor %}
        }
    }
    all.begin_span();
{% endmacro %}
{% macro _superpose(names, first_variable) %}
    // Bring synapses up to date: what each was when the block began, and the spikes that reached it.
    auto& all = _superposition_{{all.name}};
    const int64_t n = {{all.n_post}}, n_tiles = all.n_tiles();
    all.find_live({{first_variable}});
    {{_pointers("all.n_states")}}
    for (int64_t i=0; i<{{all.n_pre}}; i++)
    {
        const auto& events = all.events[i];
        if (!all.awake[i] && events.empty()) continue;
        {% for v in all.variables %}
        double* __restrict {{v}}_ = _ptr{{all.arrays[v]}} + i*n;
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
                {{v}}_[j] = {{_superposed(v)}};
                {% endfor %}
            }
        }
        for (const auto& event : events)
        {
            const double amount = event.amount;
            {% for v in names if v in _how.reached %}
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
                    {% for v in names if v in _how.reached %}
                    {{v}}_[j] += amount*from_{{v}}[j];
                    {% endfor %}
                }
            }
        }
    }
{% endmacro %}
{% macro superpose() %}
{{_superpose(all.variables, 0)}}
{% endmacro %}
{% macro superpose_sums() %}
{{_superpose(_how.sums, _how.states|length)}}
{% endmacro %}
