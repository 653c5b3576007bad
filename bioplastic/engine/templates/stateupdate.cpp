{# USES_VARIABLES { N } #}
{# ALLOWS_SCALAR_WRITE #}
{% extends 'common_group.cpp' %}

{% block maincode %}
    {% set regular = wiring(owner) %}
    // scalar code
    const size_t _vectorisation_idx = -1;
    {{scalar_code|autoindent}}
    {% if regular and regular.kind == 'all_to_all' %}
    for(int32_t _i=0; _i<{{regular.n_pre}}; _i++)
    {
        #pragma GCC ivdep
        for(int32_t _j=0; _j<{{regular.n_post}}; _j++)
        {
            const size_t _idx = (size_t)_i*{{regular.n_post}} + _j;
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
