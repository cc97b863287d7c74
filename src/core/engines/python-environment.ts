/**
 * Variables that engines in Python inherit besides the common ones: paths of Python and its packages, caches of models and
 * kernels, proxies for downloads, and settings of the GPUs' communication libraries.
 */
export const PYTHON_VARIABLES =
  'PYTHON[A-Z]+|VIRTUAL_ENV|CONDA_[A-Z_]+|HF_[A-Z_]+|HUGGINGFACE_HUB_CACHE|TRANSFORMERS_[A-Z_]+|TOKENIZERS_PARALLELISM|SAFETENSORS_[A-Z_]+' +
  '|TORCH[A-Z_]*|PYTORCH_[A-Z_]+|TRITON_[A-Z_]+|FLASHINFER_[A-Z_]+|NCCL_[A-Z_]+|RCCL_[A-Z_]+|GLOO_[A-Z_]+|UCX_[A-Z_]+|FI_[A-Z_]+' +
  '|MIOPEN_[A-Z_]+|HSA_[A-Z_]+|HIP_[A-Z_]+|ROCM_[A-Z_]+|MKL_[A-Z_]+|KMP_[A-Z_]+|(?:https?|no|all)_proxy|(?:HTTPS?|NO|ALL)_PROXY'
