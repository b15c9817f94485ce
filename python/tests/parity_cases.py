"""How each bound operation is called to compare it with PyTorch: arrays, arguments, a reference.

A name in neither CASES nor COMPARED_ELSEWHERE fails the test.
"""

import importlib

from parity_base import ALL, CASES, FIRST_OUTPUT, FUNCTION_CASES, FUNCTIONAL_CASES, REAL, SPECIAL_CALLS  # noqa: F401

# In this order: a name's first cases are those of real numbers.
for _subject in ("pointwise", "special", "reductions", "arranging", "products", "layers", "masked", "complex", "factors"):
    importlib.import_module(f"parity_{_subject}")

COMPARED_ELSEWHERE = {
    "test_attention.py": "multi_head_attention_forward",
    "test_tensor.py": """
        arange empty empty_like eye full full_like initial_seed is_tensor linspace manual_seed normal ones
        ones_like promote_types rand rand_like randint randn randn_like randperm seed tensor zeros zeros_like
        bfloat16 bool cast copy_ assign_ cpu data_ptr dim double element_size fill_ float half int is_contiguous
        is_floating_point item long normal_ numel size storage_offset stride to tolist type_as uniform_ zero_
        set_num_threads get_num_threads""",
    "test_names.py": """
        empty_strided logspace tril_indices triu_indices scalar_tensor randint_like exponential_ geometric_ cauchy_ log_normal_
        is_signed multinomial poisson gumbel_softmax squeeze_ unsqueeze_ t_ transpose_ swapaxes_ swapdims_ as_strided_ detach_
        resize_ resize_as_ set_ is_set_to fill_diagonal_ get_default_dtype set_default_dtype get_rng_state set_rng_state
        result_type can_cast is_conj is_neg byte char short cfloat cdouble""",
    "test_functions.py": """
        allclose bernoulli dropout einsum equal index_copy index_fill masked_scatter index_put index_put_ scatter_elements histogramdd
        is_same_size index_copy_ index_fill_ masked_scatter_ polygamma polygamma_ addmm_ addmv_ addr_ baddbmm_ addbmm_
        hstack is_complex masked_select meshgrid nonzero one_hot vstack""",
    # What they give is a choice.
    "test_linalg.py": "svd eigh eig eigvals svd_lowrank pca_lowrank",
    "special, which calls them": """
        special_airy_ai special_airy_ai_ special_bessel_y0 special_bessel_y0_ special_bessel_y1 special_bessel_y1_
        special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k0_ special_scaled_modified_bessel_k1
        special_scaled_modified_bessel_k1_ special_polynomial special_polynomial_
        special_erfcx special_ndtri special_i0e special_i1e special_bessel_j0 special_bessel_j1 special_zeta
        special_erfcx_ special_ndtri_ special_i0e_ special_i1e_ special_bessel_j0_ special_bessel_j1_ special_zeta_""",
    "linalg, which calls them": """
        linalg_cholesky_ex linalg_lu_factor_ex linalg_permutation linalg_solve_ex linalg_solve_triangular linalg_det
        linalg_cofactor linalg_slogdet linalg_qr linalg_svd linalg_eigh linalg_eig linalg_pinv linalg_matrix_exp
        linalg_geqrf linalg_ldl_factor_ex linalg_ldl_solve""",
    "test_printing.py": "set_printoptions",
    "test_numpy.py": "as_tensor from_numpy numpy __array__",
    "test_sparse.py": """
        sparse_coo_tensor to_sparse to_dense coalesce is_coalesced indices values _indices _values _nnz sparse_dim dense_dim
        index_assign_""",
    "test_dlpack.py": "from_dlpack __dlpack__ __dlpack_device__",
    "test_autograd.py": "backward detach register_hook requires_grad_ function",
    # The draws behind rand, randn, randint, normal and randperm, by seed and offset.
    "tensor/random": "random_bernoulli random_int random_normal random_permutation random_uniform range",
    # What neura.fft is made of.
    "tensor/testing": "fft_c2c fft_c2r fft_r2c",
    # They are the gradients of operations whose gradients are compared here.
    "the gradients above": """
        adaptive_avg_pool_grad as_strided_grad avg_pool_grad batch_norm_training_grad conv_input_grad
        conv_weight_grad layer_norm_grad log_softmax_grad max_pool_gather max_pool_scatter softmax_grad""",
}
