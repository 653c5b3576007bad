{# What synapses say, summed by their neurons. #}
{# USES_VARIABLES { N } #}
{% extends 'stateupdate.cpp' %}
