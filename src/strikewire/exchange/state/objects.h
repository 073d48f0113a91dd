/* What the compiler of Python calls the objects of the state, once for all that is written in C.

   An object is a structure with the fields that its `.pxd` declares, under a name made of its module
   and class. Nothing here defines anything: a module knows the objects that it imports. */

#ifndef STRIKEWIRE_OBJECTS_H
#define STRIKEWIRE_OBJECTS_H

typedef struct __pyx_obj_10strikewire_8exchange_5state_6orders_Order order_object;
typedef struct __pyx_t_10strikewire_8exchange_5state_6orders_Level level_record;
typedef struct __pyx_t_10strikewire_8exchange_5state_4book_Rung rung_record;
typedef struct __pyx_obj_10strikewire_8exchange_5state_4book_HalfBook half_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_4book_Book book_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_8archives_Ring ring_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_11order_table_OrderList list_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_11order_table_OrderTable table_object;
typedef struct __pyx_t_10strikewire_8exchange_5state_11order_table_EndedOrder ended_record;
typedef struct __pyx_t_10strikewire_8exchange_5state_7records_FillRecord fill_record;
typedef struct __pyx_t_10strikewire_8exchange_5state_7records_Party party_record;
typedef struct __pyx_obj_10strikewire_8exchange_5state_8clearing_Position position_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_7markets_Market market_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_7ledgers_Holding holding_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_7ledgers_Ledger ledger_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_5state_Account account_object;
typedef struct __pyx_obj_10strikewire_8exchange_5state_5state_State state_object;

/* Constants of `orders.pxd` and `records.pxd`. */
#define ORDER_(name) __pyx_e_10strikewire_8exchange_5state_6orders_##name
#define FILL_(name) __pyx_e_10strikewire_8exchange_5state_7records_##name

#endif
