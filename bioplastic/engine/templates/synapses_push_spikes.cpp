{# Nothing to push: synapses.cpp reads the spikes themselves, and those of earlier steps where
   there are delays. #}
{% extends 'common_group.cpp' %}

{% block before_code %}
    // EMPTY_CODE_BLOCK
{% endblock %}

{% block maincode %}
{% endblock %}
