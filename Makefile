# Aliases for those who type make; everything is in dev.py.

.PHONY: demo test check build generate docs bench

demo test check build generate docs:
	python3 dev.py $@

bench:
	python3 dev.py bench $(ROOM)
