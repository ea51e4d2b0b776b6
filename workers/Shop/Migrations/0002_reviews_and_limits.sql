-- Unpaid orders of a contact and of a network are counted when another is placed.
CREATE INDEX mt_doc_paymentsaga_idx_open_contact ON shop.mt_doc_paymentsaga ((data -> 'order' ->> 'contactHash'))
    WHERE data ->> 'status' IN ('reserved', 'awaiting-payment') AND data -> 'order' ->> 'networkHash' IS NOT NULL;
CREATE INDEX mt_doc_paymentsaga_idx_open_network ON shop.mt_doc_paymentsaga ((data -> 'order' ->> 'networkHash'))
    WHERE data ->> 'status' IN ('reserved', 'awaiting-payment') AND data -> 'order' ->> 'networkHash' IS NOT NULL;

-- Orders with an open case: what operators list, page by page.
CREATE INDEX mt_doc_paymentsaga_idx_review ON shop.mt_doc_paymentsaga (id)
    WHERE jsonb_path_exists(data, '$.reviews[*] ? (!exists(@.closedAt))');
