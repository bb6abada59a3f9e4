/* Stands in for libxenguest of 4.16 and later. */
#include "fake_state.h"
