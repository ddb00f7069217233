"""The progression simulator: networks that draw chest CT slices along the axis normal – benign – malignant.

What it learns are differences between patients of different classes, not what happens to one patient over
time. Nothing here reads another side of the split than the one it names.
"""
