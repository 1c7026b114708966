src=open('/tmp/lead/tl.py').read().replace("import keras, numpy as np","import keras, numpy as np\nimport keras.src.backend as BK\nBK.IS_THREAD_SAFE=True\n",1)
exec(src)
