{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% set regular = wiring(owner) %}
    {% if regular %}
    const int32_t _n_pre = {{regular.n_pre}}, _n_post = {{regular.n_post}}, _n_row = {{regular.n_row}};
    {% endif %}
    {% if _target_var is defined %}
    {% set _sum = get_array_name(_target_var) %}
    {% set vector_code = vector_code + ["%s[%s[_idx]] += _synaptic_var;" % (_sum, get_array_name(_index_var))] %}
    std::fill_n({{_sum}}, {{_target_size_name}}, 0);
    {% endif %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|remembered|autoindent}}
    {% set superposed_of = superposition(codeobj_name) %}
    {% if superposed_of %}
    {% set _how = superposed(superposed_of) %}
    auto& _all = _superposition_{{superposed_of}};
    {% set at_end = '_at_slot_end_codeobject' in codeobj_name %}
    const int64_t _n_first = {{"0" if at_end else "_all.n_states"}};
    const int64_t _first = {{"_all.n_states" if at_end else "_all.fresh"}};
    for(int64_t _k=0; _k<_n_first + _all.n_sources - _first; _k++)
    {
        const int64_t _source = _k < _n_first ? _k : _first + _k - _n_first;
        {% for variable in _how.states + _how.sums %}
        double* __restrict _of_{{variable}} = _all.of(_source, {{loop.index0}});
        {% endfor %}
        #pragma GCC ivdep
        for(int32_t _j=0; _j<_n_post; _j++)
        {
            const size_t _idx = _j;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_source(superposed_of)|by_row(regular)|autoindent}}
        }
    }
    {% if not at_end %}
    _all.n_steps++;
    _all.in_span++;
    {% endif %}
    {% elif regular %}
    for(int32_t _i=0; _i<_n_pre*{{lanes_of(codeobj_name)}}; _i++)
    {
        const int32_t _lane = {{'_i/_n_pre' if lanes() > 1 else '0'}};
        const int32_t _own = _i - _lane*_n_pre, _first = _lane*_n_post;
        {% if regular.kind == 'all_to_all' and _target_var is not defined %}
        #pragma GCC ivdep
        {% endif %}
        for(int32_t _k=0; _k<_n_row; _k++)
        {
            {% if regular.kind == 'all_to_all' %}
            const int32_t _j = _first + _k;
            {% elif regular.kind == 'one_to_one' %}
            const int32_t _j = _i;
            {% else %}
            const int32_t _j = _first + _k + (_k >= _own);
            {% endif %}
            const size_t _idx = (size_t)_i*_n_row + _k;
            const size_t _shared = (size_t)_own*_n_row + _k;
            const size_t _vectorisation_idx = _idx;
            {{vector_code|by_row(regular)|autoindent}}
        }
    }
    {% else %}
    const int _N = {{constant_or_scalar('N', variables['N'])}};
    {% if '_synaptic_post' not in owner.variables %}
    // Neurons do not depend on each other within a step; GCC gives up on so many arrays unasked.
    #pragma GCC ivdep
    {% endif %}
    for(int _idx=0; _idx<_N; _idx++)
    {
        const size_t _vectorisation_idx = _idx;
        {{vector_code|autoindent}}
    }
    {% endif %}
{% endblock %}
