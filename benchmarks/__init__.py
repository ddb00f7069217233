"""Speed and memory, side by side with a baseline in one run. Figures are ratios: machines differ."""
