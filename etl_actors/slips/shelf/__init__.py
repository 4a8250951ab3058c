"""Several slips together: found in folders, in agreement, in force."""
