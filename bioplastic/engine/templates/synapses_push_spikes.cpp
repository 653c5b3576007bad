{# Nothing to push: others read the spikes themselves, and those of earlier steps where
   there are delays. #}
{% extends 'common_group.cpp' %}
